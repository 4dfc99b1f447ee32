//! `%YAML` and `%TAG`.

use super::cursor::{Cursor, is_blank, is_break_or_end, is_space_or_end, is_word};
use super::{Fault, Kind};

impl Cursor {
    pub(super) fn scan_directive(&mut self) -> Result<Kind, Fault> {
        self.skip();
        let mut name = String::new();
        self.read_while(&mut name, is_word)?;
        if name.is_empty() {
            return Err(self.fault("could not find expected directive name"));
        }
        if !is_space_or_end(self.current()) {
            return Err(self.fault("found unexpected non-alphabetical character"));
        }
        let directive = match name.as_str() {
            "YAML" => self.scan_version()?,
            "TAG" => self.scan_tag_directive()?,
            _ => return Err(self.fault("found unknown directive name")),
        };
        self.skip_while(is_blank)?;
        self.skip_comment()?;
        if !is_break_or_end(self.current()) {
            return Err(self.fault("did not find expected comment or line break"));
        }
        self.skip_break()?;
        Ok(directive)
    }

    fn scan_version(&mut self) -> Result<Kind, Fault> {
        self.skip_while(is_blank)?;
        let major = self.scan_version_number()?;
        if self.current() != '.' {
            return Err(self.fault("did not find expected digit or '.' character"));
        }
        self.skip();
        let minor = self.scan_version_number()?;
        Ok(Kind::Version { major, minor })
    }

    fn scan_version_number(&mut self) -> Result<u8, Fault> {
        let mut digits = String::new();
        self.need(1)?;
        while self.current().is_ascii_digit() {
            if digits.len() == 2 {
                return Err(self.fault("found extremely long version number"));
            }
            self.read(&mut digits);
            self.need(1)?;
        }
        digits
            .parse()
            .map_err(|_| self.fault("did not find expected version number"))
    }

    fn scan_tag_directive(&mut self) -> Result<Kind, Fault> {
        self.skip_while(is_blank)?;
        let handle = self.scan_tag_handle()?;
        if handle != "!" && !is_handle(&handle) {
            return Err(self.fault("did not find expected '!'"));
        }
        self.need(1)?;
        if !is_blank(self.current()) {
            return Err(self.fault("did not find expected whitespace"));
        }
        self.skip_while(is_blank)?;
        let prefix = self.scan_tag_uri("")?;
        if !is_space_or_end(self.current()) {
            return Err(self.fault("did not find expected whitespace or line break"));
        }
        Ok(Kind::TagDirective { handle, prefix })
    }
}

/// Whether it is a name between exclamation marks, or none between two.
pub(super) fn is_handle(text: &str) -> bool {
    text.len() > 1 && text.ends_with('!')
}
