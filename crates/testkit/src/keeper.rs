//! Starts processes that do not outlive this one.
//!
//! The kernel can end a child when its parent dies, but only a child may ask for that, and it means the parent's
//! *thread*. So: `setpriv` asks, on the child's way to becoming the real program, and one thread that lives as long
//! as this process starts every child.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

struct Order {
    command: Command,
    answer: Sender<io::Result<Child>>,
}

/// A command for `program` whose process is ended with this one, where the system can do that.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = if let Some(setpriv) = setpriv() {
        let mut command = Command::new(setpriv);
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // A process group of its own: Ctrl-C in a terminal is for us, and we end our children in order.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

/// Starts a command on the thread that lives as long as this process.
pub fn spawn(command: Command) -> io::Result<Child> {
    static KEEPER: OnceLock<Sender<Order>> = OnceLock::new();
    let gone = || io::Error::other("the thread that starts processes is gone");
    let keeper = KEEPER.get_or_init(|| {
        let (orders, queue) = channel::<Order>();
        std::thread::spawn(move || {
            for mut order in queue {
                // Nobody waits for the answer only when the asking thread panicked.
                let _ = order.answer.send(order.command.spawn());
            }
        });
        orders
    });
    let (answer, reply) = channel();
    keeper.send(Order { command, answer }).map_err(|_| gone())?;
    reply.recv().map_err(|_| gone())?
}

fn setpriv() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            ["/usr/bin/setpriv", "/bin/setpriv"]
                .map(PathBuf::from)
                .into_iter()
                .find(|path| path.is_file())
        })
        .as_deref()
}
