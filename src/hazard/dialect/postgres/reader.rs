//! What every part of the reader needs: names as PostgreSQL folds them, text and places of nodes.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use crate::db::Engine;
use crate::hazard::action::{Action, Step};
use crate::hazard::dialect::{Reading, words};
use crate::ident::TableName;

/// How deep bodies may nest: a DO in an EXECUTE in a function in a DO.
const MOST_BODIES: usize = 4;

/// Reads statements of one text.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    pub(super) reading: &'a Reading,
    /// Names that are variables of the routine at hand, in lower case.
    pub(super) variables: Vec<String>,
    /// Bodies around it.
    pub(super) bodies: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(reading: &'a Reading) -> Self {
        Reader {
            reading,
            variables: Vec::new(),
            bodies: 0,
        }
    }

    /// The reader of a body in this text, with its variables; `None` where bodies nest too deep.
    pub(super) fn within(&self, variables: Vec<String>) -> Option<Reader<'a>> {
        let mut all = self.variables.clone();
        all.extend(variables);
        (self.bodies < MOST_BODIES).then(|| Reader {
            reading: self.reading,
            variables: all,
            bodies: self.bodies + 1,
        })
    }

    /// The object a path names; the path is a node with its segments in it.
    pub(super) fn name(&self, node: &SyntaxNode) -> TableName {
        let mut segments = segments(node);
        let name = segments.pop().unwrap_or_default();
        self.qualified(segments.pop(), name)
    }

    /// The name of what is created, other than a temporary table.
    pub(super) fn new_name<N: AstNode>(&self, node: Option<N>) -> TableName {
        let Some(node) = node else {
            return TableName::default();
        };
        let mut segments = segments(node.syntax());
        let name = segments.pop().unwrap_or_default();
        self.reading.new_name(segments.pop(), name)
    }

    /// A name with the schema it was given, if any.
    pub(super) fn qualified(&self, schema: Option<String>, name: String) -> TableName {
        // Temporary tables are found by their name alone.
        let schema = schema.filter(|schema| schema != "pg_temp");
        self.reading.name(schema, name)
    }

    /// The object an optional node names.
    pub(super) fn name_of<N: AstNode>(&self, node: Option<N>) -> TableName {
        node.map_or_else(TableName::default, |node| self.name(node.syntax()))
    }
}

/// The segments of a path, outermost first.
pub(super) fn segments(node: &SyntaxNode) -> Vec<String> {
    let is_segment = |kind: SyntaxKind| {
        matches!(
            kind,
            SyntaxKind::PATH_SEGMENT | SyntaxKind::PATH_SEGMENT_REF
        )
    };
    let found: Vec<String> = node
        .descendants()
        .filter(|node| is_segment(node.kind()))
        .map(|node| ast::normalize_name_node(&node))
        .collect();
    match found.is_empty() {
        true => vec![ast::normalize_name_node(node)],
        false => found,
    }
}

/// A name without a path: of a column, constraint, role.
pub(super) fn plain<N: AstNode>(node: Option<N>) -> String {
    node.map_or_else(String::new, |node| ast::normalize_name_node(node.syntax()))
}

/// A node as it is written.
pub(super) fn sql<N: AstNode>(node: &N) -> String {
    node.syntax().text().to_string()
}

/// Where a node's first word stands.
pub(super) fn start(node: &SyntaxNode) -> usize {
    let mut token = node.first_token();
    while let Some(at) = token.as_ref().filter(|token| token.kind().is_trivia()) {
        token = at.next_token();
    }
    let offset = token.map_or_else(
        || node.text_range().start(),
        |token| token.text_range().start(),
    );
    usize::from(offset)
}

/// Names and keywords of a piece of SQL, in lower case and sorted.
pub(super) fn words_of(text: &str) -> Vec<String> {
    words(Engine::Postgres, text)
}

/// Whether it is dropped with all that hangs on it.
pub(super) fn cascades(behavior: Option<ast::DropBehavior>) -> bool {
    matches!(behavior, Some(ast::DropBehavior::Cascade(_)))
}

/// Adds a step at a node's place.
pub(super) fn push(steps: &mut Vec<Step>, node: &SyntaxNode, action: Action) {
    steps.push(Step {
        action,
        offset: start(node),
    });
}
