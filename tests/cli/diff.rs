//! `lockstep diff` where there is no cluster; with one it is tested in `tests/cluster`.

use lockstep_testkit::free_port;

use crate::Bed;

fn kubeconfig(port: u16) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\n\
         users: [{{name: u, user: {{}}}}]\n"
    )
}

#[test]
fn a_wrong_command_line_is_told() {
    let bed = Bed::new(&[("kubeconfig", &kubeconfig(1))]);
    for wrong in [
        &["diff"][..],
        &["diff", "app", "--reveal"],
        &["diff", "app", "--all"],
    ] {
        let ended = bed.run(wrong).assert(2);
        assert!(ended.stderr.contains("Usage: lockstep diff"), "{}", ended.stderr);
    }
    bed.run(&["diff", "-f", "missing.yaml"])
        .assert_refused(2, "lockstep: -f missing.yaml: does not exist\n");
    let ended = bed.run(&["diff", "app", "--context", "other"]).assert(2);
    assert!(
        ended.stderr.starts_with("lockstep: no way to a cluster: "),
        "{}",
        ended.stderr
    );
}

/// 1 would say that something differs.
#[test]
fn a_wrong_manifest_is_no_difference() {
    let typo = "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: app}\n\
                spec: {refreshIntervall: 1h}\n";
    let bed = Bed::new(&[("kubeconfig", &kubeconfig(1)), ("app.yaml", typo)]);
    bed.run(&["diff", "-f", "app.yaml"]).assert_refused(
        2,
        "lockstep: app.yaml:1: ExternalSecret app: spec.refreshIntervall is unknown; did you mean refreshInterval?\n",
    );
}

#[test]
fn pushes_are_looked_at_and_those_of_many_namespaces_passed_over() {
    let push = "apiVersion: external-secrets.io/v1alpha1\nkind: PushSecret\nmetadata: {name: p}\n\
                spec: {secretStoreRefs: [{name: s}], selector: {secret: {name: a}}}\n";
    let many =
        "apiVersion: external-secrets.io/v1alpha1\nkind: ClusterPushSecret\nmetadata: {name: m}\nspec: {}\n";
    let typo = push.replace("selector", "selectr");
    let bed = Bed::new(&[
        ("kubeconfig", &kubeconfig(free_port().expect("a port"))),
        ("p.yaml", push),
        ("m.yaml", many),
        ("t.yaml", &typo),
    ]);
    bed.run(&["diff", "-f", "m.yaml"]).assert_refused(
        2,
        "lockstep: neither an ExternalSecret nor a PushSecret in what -f names; name one, or use --all\n",
    );
    let ended = bed.run(&["diff", "-f", "p.yaml", "-f", "m.yaml"]).assert(3);
    let told = "lockstep: m.yaml:1: ClusterPushSecret m is passed over: name the PushSecrets that it makes, or use --all\n";
    assert!(ended.stderr.starts_with(told), "{}", ended.stderr);
    let told = bed.run(&["diff", "-f", "t.yaml"]).assert(2).stderr;
    let wrong = "lockstep: t.yaml:1: PushSecret p: spec.selectr is unknown; did you mean selector?\n";
    assert!(told.contains(wrong), "{told}");
}

#[test]
fn a_cluster_that_is_not_there_is_told_by_its_address() {
    let port = free_port().expect("a port");
    let bed = Bed::new(&[("kubeconfig", &kubeconfig(port))]);
    let ended = bed.run(&["diff", "app"]).assert(3);
    let told = format!("lockstep: the API server at http://127.0.0.1:{port}/ cannot be reached: ");
    assert!(ended.stderr.starts_with(&told), "{}", ended.stderr);
    assert_eq!((ended.stdout.as_str(), ended.stderr.lines().count()), ("", 1));
}
