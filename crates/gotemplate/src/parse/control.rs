//! Actions: what follows a left delimiter.

use super::tree::{Arm, Branch, Call, Node, Nodes, Range};
use super::{Item, Parsed, Parser};
use crate::lex::{Keyword, Kind, Token};

impl Parser<'_> {
    /// The left delimiter is past.
    pub(super) fn action(&mut self) -> Parsed<Item> {
        let token = self.next_solid();
        let Kind::Keyword(keyword) = token.kind else {
            self.put_back(token);
            return self
                .pipe("command", &Kind::RightDelim)
                .map(Node::Action)
                .map(Item::Node);
        };
        let node = match keyword {
            Keyword::Else => return self.else_action(),
            Keyword::End => return self.expect(&Kind::RightDelim, "end").map(|_| Item::End),
            Keyword::Block => self.block()?,
            Keyword::Break => self.leave("{{break}}", Node::Break)?,
            Keyword::Continue => self.leave("{{continue}}", Node::Continue)?,
            Keyword::If => self.branch("if")?,
            Keyword::With => self.branch("with")?,
            Keyword::Range => self.range()?,
            Keyword::Template => self.template()?,
            Keyword::Dot | Keyword::Nil | Keyword::Define => {
                self.put_back(token);
                Node::Action(self.pipe("command", &Kind::RightDelim)?)
            }
        };
        Ok(Item::Node(node))
    }

    /// `{{ else }}`, or the first half of `{{ else if }}`: the keyword is left for the caller.
    fn else_action(&mut self) -> Parsed<Item> {
        let next = &self.peek_solid().kind;
        if !matches!(next, Kind::Keyword(Keyword::If | Keyword::With)) {
            self.expect(&Kind::RightDelim, "else")?;
        }
        Ok(Item::Else)
    }

    /// `break` or `continue`.
    fn leave(&mut self, action: &str, node: Node) -> Parsed<Node> {
        self.expect(&Kind::RightDelim, action)?;
        if self.scope.ranges == 0 {
            return Err(self.error(format!("{action} outside {{{{range}}}}")));
        }
        Ok(node)
    }

    fn branch(&mut self, word: &str) -> Parsed<Node> {
        let with = word == "with";
        let again = Kind::Keyword(if with { Keyword::With } else { Keyword::If });
        let variables = self.scope.variables.len();
        let mut arms = Vec::new();
        let otherwise = loop {
            let pipe = self.pipe(word, &Kind::RightDelim)?;
            let (body, end) = self.nest(Self::items)?;
            arms.push(Arm { pipe, body });
            if let Item::End = end {
                break Nodes::default();
            }
            if self.peek().kind != again {
                break self.otherwise()?;
            }
            self.next();
        };
        self.scope.variables.truncate(variables);
        Ok(Node::Branch(Branch {
            with,
            arms: arms.into(),
            otherwise,
        }))
    }

    fn range(&mut self) -> Parsed<Node> {
        let variables = self.scope.variables.len();
        let pipe = self.pipe("range", &Kind::RightDelim)?;
        self.scope.ranges += 1;
        let (body, end) = self.nest(Self::items)?;
        self.scope.ranges -= 1;
        let otherwise = match end {
            Item::End => Nodes::default(),
            _ => self.otherwise()?,
        };
        self.scope.variables.truncate(variables);
        Ok(Node::Range(Range {
            pipe,
            body,
            otherwise,
        }))
    }

    /// From `{{ else }}` to `{{ end }}`.
    fn otherwise(&mut self) -> Parsed<Nodes> {
        match self.nest(Self::items)? {
            (nodes, Item::End) => Ok(nodes),
            _ => Err(self.error("expected end; found {{else}}")),
        }
    }

    /// `{{ template "name" pipe }}`
    fn template(&mut self) -> Parsed<Node> {
        let context = "template clause";
        let token = self.next_solid();
        let name = self.template_name(&token, context)?;
        let pipe = if self.peek_solid().kind == Kind::RightDelim {
            self.next();
            None
        } else {
            Some(self.pipe(context, &Kind::RightDelim)?)
        };
        Ok(Node::Template(Call {
            start: token.start,
            name,
            pipe,
        }))
    }

    /// `{{ block "name" pipe }}`: defines a template and calls it.
    fn block(&mut self) -> Parsed<Node> {
        let context = "block clause";
        let token = self.next_solid();
        let name = self.template_name(&token, context)?;
        let pipe = self.pipe(context, &Kind::RightDelim)?;
        let last = self.last;
        let (nodes, end) = self.part()?;
        if let Item::Else = end {
            self.last = last; // Go reports it at the block's start.
            return Err(self.error("unexpected {{else}} in block clause"));
        }
        self.add(&name, nodes)?;
        Ok(Node::Template(Call {
            start: token.start,
            name,
            pipe: Some(pipe),
        }))
    }

    /// `{{ define "name" }}`, from behind the keyword.
    pub(super) fn definition(&mut self) -> Parsed<()> {
        let context = "define clause";
        let token = self.next_solid();
        let name = self.template_name(&token, context)?;
        self.expect(&Kind::RightDelim, context)?;
        let (nodes, end) = self.part()?;
        if let Item::Else = end {
            return Err(self.error("unexpected {{else}} in define clause"));
        }
        self.add(&name, nodes)
    }

    fn template_name(&mut self, token: &Token, context: &str) -> Parsed<Box<[u8]>> {
        match token.kind {
            Kind::Quoted | Kind::Raw => self.unquote(token).map(Into::into),
            _ => Err(self.unexpected(token, context)),
        }
    }
}
