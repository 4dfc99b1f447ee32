//! Tags and anchors.

use super::cursor::{Cursor, is_space_or_end, is_word};
use super::directive::is_handle;
use super::{Fault, Kind};

impl Cursor {
    pub(super) fn scan_anchor(&mut self, sign: char) -> Result<Kind, Fault> {
        self.skip();
        let mut name = String::new();
        self.read_while(&mut name, is_word)?;
        let c = self.current();
        let ends = is_space_or_end(c) || matches!(c, '?' | ':' | ',' | ']' | '}' | '%' | '@' | '`');
        if name.is_empty() || !ends {
            return Err(self.fault("did not find expected alphabetic or numeric character"));
        }
        Ok(if sign == '&' {
            Kind::Anchor(name)
        } else {
            Kind::Alias(name)
        })
    }

    pub(super) fn scan_tag(&mut self) -> Result<Kind, Fault> {
        self.need(2)?;
        let tag = if self.peek(1) == '<' {
            self.scan_verbatim_tag()?
        } else {
            self.scan_shorthand_tag()?
        };
        self.need(1)?;
        if !is_space_or_end(self.current()) {
            return Err(self.fault("did not find expected whitespace or line break"));
        }
        Ok(tag)
    }

    /// `!<tag:example.org,2000:x>`, which has no handle.
    fn scan_verbatim_tag(&mut self) -> Result<Kind, Fault> {
        self.skip();
        self.skip();
        let suffix = self.scan_tag_uri("")?;
        if self.current() != '>' {
            return Err(self.fault("did not find the expected '>'"));
        }
        self.skip();
        let handle = String::new();
        Ok(Kind::Tag { handle, suffix })
    }

    /// `!suffix`, `!handle!suffix`, or `!` alone.
    fn scan_shorthand_tag(&mut self) -> Result<Kind, Fault> {
        let handle = self.scan_tag_handle()?;
        if is_handle(&handle) {
            let suffix = self.scan_tag_uri("")?;
            return Ok(Kind::Tag { handle, suffix });
        }
        let suffix = self.scan_tag_uri(&handle)?;
        Ok(if suffix.is_empty() {
            let (handle, suffix) = (String::new(), b"!".to_vec());
            Kind::Tag { handle, suffix }
        } else {
            let handle = String::from("!");
            Kind::Tag { handle, suffix }
        })
    }

    pub(super) fn scan_tag_handle(&mut self) -> Result<String, Fault> {
        self.need(1)?;
        if self.current() != '!' {
            return Err(self.fault("did not find expected '!'"));
        }
        let mut handle = String::new();
        self.read(&mut handle);
        self.read_while(&mut handle, is_word)?;
        if self.current() == '!' {
            self.read(&mut handle);
        }
        Ok(handle)
    }

    /// `head` is what has been read of it, with an exclamation mark that does not belong to it.
    pub(super) fn scan_tag_uri(&mut self, head: &str) -> Result<Vec<u8>, Fault> {
        let mut uri = head.as_bytes().get(1..).unwrap_or_default().to_vec();
        let mut found = !head.is_empty();
        self.need(1)?;
        loop {
            match self.current() {
                '%' => self.scan_uri_escapes(&mut uri)?,
                c if is_in_uri(c) => {
                    uri.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    self.skip();
                }
                _ if found => return Ok(uri),
                _ => return Err(self.fault("did not find expected tag URI")),
            }
            self.need(1)?;
            found = true;
        }
    }

    /// The octets of one character.
    fn scan_uri_escapes(&mut self, uri: &mut Vec<u8>) -> Result<(), Fault> {
        let mut left = None;
        while left != Some(0) {
            self.need(3)?;
            let digits = (
                self.current(),
                self.peek(1).to_digit(16),
                self.peek(2).to_digit(16),
            );
            let ('%', Some(high), Some(low)) = digits else {
                return Err(self.fault("did not find URI escaped octet"));
            };
            let octet = u8::try_from(high << 4 | low).unwrap_or_default();
            left = Some(match left {
                None => width(octet).ok_or_else(|| self.fault("found an incorrect leading UTF-8 octet"))? - 1,
                Some(_) if octet & 0xc0 != 0x80 => {
                    return Err(self.fault("found an incorrect trailing UTF-8 octet"));
                }
                Some(left) => left - 1,
            });
            uri.push(octet);
            for _ in 0..3 {
                self.skip();
            }
        }
        Ok(())
    }
}

fn is_in_uri(c: char) -> bool {
    is_word(c) || ";/?:@&=+$,.!~*'()[]".contains(c)
}

fn width(octet: u8) -> Option<usize> {
    match octet {
        0..=0x7f => Some(1),
        0xc0..=0xdf => Some(2),
        0xe0..=0xef => Some(3),
        0xf0..=0xf7 => Some(4),
        _ => None,
    }
}
