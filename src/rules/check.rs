//! Static types for rule expressions: a typo, a comparison that cannot hold or a forgotten null is an error when the
//! rule loads, with its place; never a rule that stays quiet.

use std::collections::{BTreeMap, BTreeSet};

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, operators};

use super::fields::Type;
use super::kind::{Kind, compatible, describe, literal_kind};
use super::schema::{Params, Schema, did_you_mean};

/// A problem and the node of the expression it lies in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) node: u64,
    pub(super) message: String,
}

/// A field that an expression reads, as variable and field name; an empty field name for the variable itself.
pub(super) type Touched = BTreeSet<(String, String)>;

#[derive(Clone, Debug)]
struct Typed {
    kind: Kind,
    /// The path that may be null, such as `it.age`, when it has not been ruled out.
    nullable: Option<String>,
}

impl Typed {
    fn plain(kind: Kind) -> Self {
        Self { kind, nullable: None }
    }

    fn bool() -> Self {
        Self::plain(Kind::Scalar(Type::Bool))
    }
}

/// What holds where an expression stands: which paths are not null, and what the loop variables are.
#[derive(Clone, Default)]
struct Scope {
    not_null: BTreeSet<String>,
    locals: BTreeMap<String, Kind>,
}

/// Checks an expression that must give a truth value, and says what it reads.
pub(super) fn check(expression: &IdedExpr, schema: Schema, params: &Params) -> Result<Touched, Problem> {
    let mut checker = Checker { schema, params, touched: Touched::new() };
    let typed = checker.infer(expression, &Scope::default())?;
    if typed.kind != Kind::Scalar(Type::Bool) {
        return Err(problem(
            expression,
            format!("a rule asks a yes-or-no question, and this is {}", describe(&typed.kind)),
        ));
    }
    Ok(checker.touched)
}

struct Checker<'a> {
    schema: Schema,
    params: &'a Params,
    touched: Touched,
}

fn problem(at: &IdedExpr, message: String) -> Problem {
    Problem { node: at.id, message }
}

/// What is computed with must be there; the author says what happens when it is not.
fn never_null(at: &IdedExpr, nullable: Option<String>) -> Result<(), Problem> {
    match nullable {
        Some(path) => Err(problem(at, format!("'{path}' may be null: write {path} != null && … before it"))),
        None => Ok(()),
    }
}

impl Checker<'_> {
    fn infer(&mut self, node: &IdedExpr, scope: &Scope) -> Result<Typed, Problem> {
        match &node.expr {
            Expr::Literal(literal) => Ok(Typed::plain(literal_kind(literal))),
            Expr::Ident(name) => self.variable(node, name, scope),
            Expr::Select(select) if select.test => {
                Err(problem(node, "every field always exists: compare it with null in place of has()".to_owned()))
            }
            Expr::Select(select) => self.select(node, &select.operand, &select.field, scope),
            Expr::Call(call) => self.call(node, call, scope),
            Expr::List(list) => {
                let mut element = Kind::Any;
                for item in &list.elements {
                    element = self.infer(item, scope)?.kind;
                }
                Ok(Typed::plain(Kind::List(Box::new(element))))
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, scope),
            _ => Err(problem(node, "this form is not used in rules".to_owned())),
        }
    }

    fn variable(&mut self, node: &IdedExpr, name: &str, scope: &Scope) -> Result<Typed, Problem> {
        if let Some(kind) = scope.locals.get(name) {
            return Ok(Typed::plain(kind.clone()));
        }
        if name == "param" {
            return Ok(Typed::plain(Kind::Params));
        }
        let Some(kind) = self.schema.variable(name) else {
            let hint = did_you_mean(name, self.schema.variables());
            return Err(problem(node, format!("a rule about a {} has no '{name}'{hint}", self.schema.subject)));
        };
        self.touched.insert((name.to_owned(), String::new()));
        let nullable = (name != "it" && !scope.not_null.contains(name)).then(|| name.to_owned());
        Ok(Typed { kind: Kind::Object(kind), nullable })
    }

    fn select(&mut self, node: &IdedExpr, operand: &IdedExpr, name: &str, scope: &Scope) -> Result<Typed, Problem> {
        let object = self.infer(operand, scope)?;
        never_null(node, object.nullable)?;
        match object.kind {
            Kind::Params => {
                let param = self.params.get(name).ok_or_else(|| {
                    let hint = did_you_mean(name, self.params.keys().map(String::as_str));
                    problem(node, format!("[param] has no '{name}'{hint}"))
                })?;
                Ok(Typed::plain(Kind::Scalar(param.ty())))
            }
            Kind::Object(kind) => {
                let field = Schema::field(kind, name).map_err(|message| problem(node, message))?;
                let Expr::Ident(variable) = &operand.expr else {
                    return Err(problem(node, "fields are read from a variable".to_owned()));
                };
                self.touched.insert((variable.clone(), name.to_owned()));
                let path = format!("{variable}.{name}");
                let nullable = (field.nullable && !scope.not_null.contains(&path)).then_some(path);
                Ok(Typed { kind: Kind::of(field.ty), nullable })
            }
            kind => Err(problem(node, format!("{} has no fields", describe(&kind)))),
        }
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr, scope: &Scope) -> Result<Typed, Problem> {
        let name = call.func_name.as_str();
        match (name, call.args.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, [left, right]) => {
                self.boolean(left, scope)?;
                let mut inner = scope.clone();
                inner.not_null.extend(ruled_out(left, name == operators::LOGICAL_AND));
                self.boolean(right, &inner)?;
                Ok(Typed::bool())
            }
            (operators::LOGICAL_NOT | operators::NOT_STRICTLY_FALSE, [inner]) => {
                self.boolean(inner, scope)?;
                Ok(Typed::bool())
            }
            (operators::EQUALS | operators::NOT_EQUALS, [left, right]) => self.equality(node, left, right, scope),
            (
                operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
                [left, right],
            ) => self.ordering(node, left, right, scope),
            (operators::IN, [item, list]) => self.membership(node, item, list, scope),
            (operators::CONDITIONAL, [condition, yes, no]) => {
                self.boolean(condition, scope)?;
                let yes = self.infer(yes, scope)?;
                self.infer(no, scope)?;
                Ok(yes)
            }
            ("days" | "hours", [number]) => {
                self.expect(number, &Kind::Scalar(Type::Int), scope)?;
                Ok(Typed::plain(Kind::Scalar(Type::Duration)))
            }
            ("label", [labels, name]) => {
                self.expect(labels, &Kind::Scalar(Type::Labels), scope)?;
                self.expect(name, &Kind::Scalar(Type::Text), scope)?;
                Ok(Typed::plain(Kind::Scalar(Type::Text)))
            }
            ("like", [text, pattern]) => {
                self.expect(text, &Kind::Scalar(Type::Text), scope)?;
                self.expect(pattern, &Kind::Scalar(Type::Text), scope)?;
                Ok(Typed::bool())
            }
            ("startsWith" | "endsWith" | "contains", [part]) if call.target.is_some() => {
                self.target(call, &Kind::Scalar(Type::Text), scope)?;
                self.expect(part, &Kind::Scalar(Type::Text), scope)?;
                Ok(Typed::bool())
            }
            _ => {
                let known = ["days", "hours", "label", "like", "startsWith", "endsWith", "contains", "exists", "all"];
                Err(problem(node, format!("rules have no function '{name}'{}", did_you_mean(name, known))))
            }
        }
    }

    fn boolean(&mut self, node: &IdedExpr, scope: &Scope) -> Result<(), Problem> {
        self.expect(node, &Kind::Scalar(Type::Bool), scope)
    }

    fn target(&mut self, call: &CallExpr, wanted: &Kind, scope: &Scope) -> Result<(), Problem> {
        call.target.as_ref().map_or(Ok(()), |target| self.expect(target, wanted, scope))
    }

    fn expect(&mut self, node: &IdedExpr, wanted: &Kind, scope: &Scope) -> Result<(), Problem> {
        let typed = self.infer(node, scope)?;
        never_null(node, typed.nullable)?;
        if compatible(&typed.kind, wanted) {
            Ok(())
        } else {
            Err(problem(node, format!("{} was expected here, and this is {}", describe(wanted), describe(&typed.kind))))
        }
    }

    fn equality(
        &mut self,
        node: &IdedExpr,
        left: &IdedExpr,
        right: &IdedExpr,
        scope: &Scope,
    ) -> Result<Typed, Problem> {
        let (a, b) = (self.infer(left, scope)?, self.infer(right, scope)?);
        for (one, other, text) in [(&a, &b, right), (&b, &a, left)] {
            if let Kind::Scalar(Type::Name(names)) = one.kind {
                known_name(text, names)?;
            }
            if one.kind == Kind::Null && other.nullable.is_none() {
                return Err(problem(text, "this is never null".to_owned()));
            }
        }
        if a.kind == Kind::Null || b.kind == Kind::Null || compatible(&a.kind, &b.kind) {
            return Ok(Typed::bool());
        }
        let message = format!("{} is never equal to {}", describe(&a.kind), describe(&b.kind));
        Err(problem(node, message))
    }

    fn ordering(
        &mut self,
        node: &IdedExpr,
        left: &IdedExpr,
        right: &IdedExpr,
        scope: &Scope,
    ) -> Result<Typed, Problem> {
        let (a, b) = (self.infer(left, scope)?, self.infer(right, scope)?);
        never_null(node, a.nullable.or(b.nullable))?;
        match (&a.kind, &b.kind) {
            (Kind::Scalar(Type::Int), Kind::Scalar(Type::Int))
            | (Kind::Scalar(Type::Duration), Kind::Scalar(Type::Duration)) => Ok(Typed::bool()),
            (Kind::Scalar(Type::Duration), Kind::Scalar(Type::Int))
            | (Kind::Scalar(Type::Int), Kind::Scalar(Type::Duration)) => {
                Err(problem(node, "a span of time is compared with days(…) or hours(…)".to_owned()))
            }
            (a, b) => Err(problem(node, format!("{} and {} have no order", describe(a), describe(b)))),
        }
    }

    fn membership(
        &mut self,
        node: &IdedExpr,
        item: &IdedExpr,
        list: &IdedExpr,
        scope: &Scope,
    ) -> Result<Typed, Problem> {
        let (one, many) = (self.infer(item, scope)?, self.infer(list, scope)?);
        never_null(node, one.nullable.or(many.nullable))?;
        match (&one.kind, &many.kind) {
            (Kind::Scalar(Type::Text), Kind::Scalar(Type::Labels)) => Ok(Typed::bool()),
            (kind, Kind::Scalar(Type::Names(names))) if compatible(kind, &Kind::Scalar(Type::Text)) => {
                known_name(item, names)?;
                Ok(Typed::bool())
            }
            (kind, Kind::List(element)) if compatible(kind, element) => {
                if let (Kind::Scalar(Type::Name(names)), Expr::List(literals)) = (kind, &list.expr) {
                    for literal in &literals.elements {
                        known_name(literal, names)?;
                    }
                }
                Ok(Typed::bool())
            }
            (one, many) => Err(problem(node, format!("{} is never in {}", describe(one), describe(many)))),
        }
    }

    /// `list.exists(x, …)`, `all` and their like, as the parser writes them out.
    fn comprehension(&mut self, node: &ComprehensionExpr, scope: &Scope) -> Result<Typed, Problem> {
        let range = self.infer(&node.iter_range, scope)?;
        let element = match range.kind {
            Kind::List(element) => *element,
            Kind::Scalar(Type::Names(names)) => Kind::Scalar(Type::Name(names)),
            Kind::Scalar(Type::Labels) => Kind::Scalar(Type::Text),
            kind => return Err(problem(&node.iter_range, format!("{} is no list", describe(&kind)))),
        };
        let start = self.infer(&node.accu_init, scope)?;
        let mut inner = scope.clone();
        inner.locals.insert(node.iter_var.clone(), element);
        inner.locals.insert(node.accu_var.clone(), start.kind);
        self.infer(&node.loop_cond, &inner)?;
        self.infer(&node.loop_step, &inner)?;
        self.infer(&node.result, &inner)
    }
}

/// The paths that are known not to be null once `left` of `left && …` is true, or of `left || …` is false.
fn ruled_out(left: &IdedExpr, by_and: bool) -> BTreeSet<String> {
    let Expr::Call(call) = &left.expr else { return BTreeSet::new() };
    let (comparison, connective) = if by_and {
        (operators::NOT_EQUALS, operators::LOGICAL_AND)
    } else {
        (operators::EQUALS, operators::LOGICAL_OR)
    };
    match call.args.as_slice() {
        [a, b] if call.func_name == connective => {
            let mut paths = ruled_out(a, by_and);
            paths.extend(ruled_out(b, by_and));
            paths
        }
        [a, b] if call.func_name == comparison => {
            let is_null = |node: &IdedExpr| matches!(node.expr, Expr::Literal(LiteralValue::Null));
            let path = if is_null(b) {
                path_of(a)
            } else if is_null(a) {
                path_of(b)
            } else {
                None
            };
            path.into_iter().collect()
        }
        _ => BTreeSet::new(),
    }
}

fn path_of(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) => Some(format!("{}.{}", path_of(&select.operand)?, select.field)),
        _ => None,
    }
}

fn known_name(node: &IdedExpr, names: &[&str]) -> Result<(), Problem> {
    if let Expr::Literal(LiteralValue::String(text)) = &node.expr
        && !names.is_empty()
        && !names.contains(&text.inner())
    {
        let hint = did_you_mean(text.inner(), names.iter().copied());
        return Err(problem(node, format!("there is no '{}'{hint}", text.inner())));
    }
    Ok(())
}
