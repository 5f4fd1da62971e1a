//! What may stand in a template. The engine counts its work, but not everywhere: a list times a number is made at once and costs
//! when it is written out, and what is put into itself twice, again and again, doubles each time. So a template is read before it
//! is taken, and what could grow without being counted is refused: arithmetic, functions, and variables that hold new lists.

use minijinja::machinery::ast::{BinOpKind, CallArg, CompareOpKind, Const, Expr, Filter, ForLoop, Set, Spanned, Stmt};

use super::error::TemplateError;
use super::filters::{self, FILTERS};

/// How deeply an expression may be nested.
const DEPTH_MAX: usize = 40;
/// The tests of `is`.
pub const TESTS: [&str; 3] = ["defined", "undefined", "none"];

/// The fields that a template names, as paths: `lead.name`.
pub fn names(source: &str) -> Result<Vec<String>> {
    if let Some(at) = source.find(|letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
        return Err(TemplateError::at(source, offset(at), "a control character stands here: remove it"));
    }
    let read = minijinja::machinery::parse(source, super::NAME, minijinja::syntax::SyntaxConfig::default());
    let root = read.map_err(|error| TemplateError::of_engine(source, &error))?;
    let mut reader = Reader { source, names: Vec::new(), own: vec!["loop"] };
    if let Stmt::Template(template) = &root {
        reader.statements(&template.children)?;
    }
    let Reader { mut names, own, .. } = reader;
    names.retain(|name| !own.contains(&name.split('.').next().unwrap_or_default()));
    names.sort_unstable();
    names.dedup();
    // `lead` was met on the way to `lead.name`.
    let is_on_the_way =
        |name: &str| names.iter().any(|other| other.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')));
    Ok(names.iter().filter(|name| !is_on_the_way(name)).cloned().collect())
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

type Result<T = ()> = std::result::Result<T, TemplateError>;

struct Reader<'a> {
    source: &'a str,
    names: Vec<String>,
    /// What the template calls its own.
    own: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn refuse<T>(&self, at: u32, what: impl Into<String>) -> Result<T> {
        Err(TemplateError::at(self.source, at, what))
    }

    fn statements(&mut self, statements: &[Stmt<'a>]) -> Result {
        statements.iter().try_for_each(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &Stmt<'a>) -> Result {
        let (name, span) = match statement {
            Stmt::EmitRaw(_) => return Ok(()),
            Stmt::EmitExpr(emit) => return self.expression(&emit.expr, DEPTH_MAX),
            Stmt::IfCond(condition) => {
                self.expression(&condition.expr, DEPTH_MAX)?;
                self.statements(&condition.true_body)?;
                return self.statements(&condition.false_body);
            }
            Stmt::ForLoop(looped) => return self.looped(looped),
            Stmt::Set(set) => return self.set(set),
            Stmt::WithBlock(block) => ("with", block.span()),
            Stmt::SetBlock(block) => ("set", block.span()),
            Stmt::AutoEscape(block) => ("autoescape", block.span()),
            Stmt::FilterBlock(block) => ("filter", block.span()),
            Stmt::Do(block) => ("do", block.span()),
            Stmt::Template(block) => ("template", block.span()),
        };
        let what = match name {
            "set" => "a block cannot be kept: write {% set name = … %}, and texts as \"Hello \" ~ lead.name".to_owned(),
            _ => format!("there is no {{% {name} %}} in these templates: there are if, for and set"),
        };
        self.refuse(span.start_offset, what)
    }

    fn looped(&mut self, looped: &Spanned<ForLoop<'a>>) -> Result {
        if looped.recursive {
            return self.refuse(looped.span().start_offset, "a loop cannot be recursive");
        }
        self.binding(&looped.target)?;
        self.expression(&looped.iter, DEPTH_MAX)?;
        self.flat(&looped.iter)?;
        if let Some(filter) = &looped.filter_expr {
            self.expression(filter, DEPTH_MAX)?;
        }
        self.statements(&looped.body)?;
        self.statements(&looped.else_body)
    }

    fn set(&mut self, set: &Spanned<Set<'a>>) -> Result {
        self.binding(&set.target)?;
        self.expression(&set.expr, DEPTH_MAX)?;
        self.flat(&set.expr)
    }

    /// What a loop or `set` gives a name to.
    fn binding(&mut self, target: &Expr<'a>) -> Result {
        match target {
            Expr::Var(variable) => {
                self.own.push(variable.id);
                Ok(())
            }
            Expr::Tuple(tuple) => tuple.items.iter().try_for_each(|item| self.binding(item)),
            Expr::List(list) => list.items.iter().try_for_each(|item| self.binding(item)),
            other => self.refuse(other.span().start_offset, "only a name can be given here"),
        }
    }

    /// Whether what gets a name is no new list or object: each of these could hold the one before twice.
    fn flat(&self, expression: &Expr<'a>) -> Result {
        match expression {
            Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) if expression.as_const().is_none() => self.refuse(
                expression.span().start_offset,
                "a list or an object with fields in it cannot get a name: write it where it is used, in {{ … }}",
            ),
            Expr::IfExpr(choice) => {
                self.flat(&choice.true_expr)?;
                choice.false_expr.as_ref().map_or(Ok(()), |other| self.flat(other))
            }
            Expr::BinOp(both) if matches!(both.op, BinOpKind::ScAnd | BinOpKind::ScOr) => {
                self.flat(&both.left)?;
                self.flat(&both.right)
            }
            Expr::Filter(filter) if !filters::find(filter.name).is_some_and(|known| known.is_flat) => {
                filter.expr.as_ref().map_or(Ok(()), |value| self.flat(value))?;
                filter.args.iter().try_for_each(|argument| match argument {
                    CallArg::Pos(value) => self.flat(value),
                    _ => Ok(()),
                })
            }
            Expr::GetAttr(field) => self.flat(&field.expr),
            Expr::GetItem(item) => self.flat(&item.expr),
            Expr::Slice(slice) => self.flat(&slice.expr),
            _ => Ok(()),
        }
    }

    fn expressions<'b>(&mut self, all: impl IntoIterator<Item = &'b Expr<'a>>, depth: usize) -> Result
    where
        'a: 'b,
    {
        all.into_iter().try_for_each(|one| self.expression(one, depth))
    }

    fn expression(&mut self, expression: &Expr<'a>, depth: usize) -> Result {
        let at = expression.span().start_offset;
        let Some(depth) = depth.checked_sub(1) else {
            return self.refuse(at, "this is nested too deeply, or too long a chain: break it up with {% set %}");
        };
        if let Some(path) = path_of(expression) {
            self.names.push(path);
        }
        match expression {
            Expr::Var(_) | Expr::Const(_) => Ok(()),
            Expr::Slice(slice) => {
                if slice.step.is_some() {
                    return self.refuse(at, "a part of a text or a list has no step: write [2:7]");
                }
                let bounds = [&slice.start, &slice.stop].into_iter().flatten();
                self.expressions(std::iter::once(&slice.expr).chain(bounds), depth)
            }
            Expr::UnaryOp(one) => self.expression(&one.expr, depth),
            Expr::BinOp(both) => {
                self.operator(both.op, at)?;
                self.compared(matches!(both.op, BinOpKind::Eq | BinOpKind::Ne), [&both.left, &both.right])?;
                self.expressions([&both.left, &both.right], depth)
            }
            Expr::Compare(compare) => {
                let is_equality = |op: &CompareOpKind| matches!(op, CompareOpKind::Eq | CompareOpKind::Ne);
                let others = || compare.ops.iter().map(|op| &op.expr);
                let all = || std::iter::once(&compare.expr).chain(others());
                self.compared(compare.ops.iter().any(|op| is_equality(&op.op)), all())?;
                self.expressions(all(), depth)
            }
            Expr::IfExpr(choice) => {
                self.expressions([&choice.test_expr, &choice.true_expr].into_iter().chain(&choice.false_expr), depth)
            }
            Expr::Filter(filter) => self.filter(filter, depth),
            Expr::Test(test) => {
                if !TESTS.contains(&test.name) || !test.args.is_empty() {
                    return self
                        .refuse(at, format!("there is no test `is {}`: there are {}", test.name, TESTS.join(", ")));
                }
                self.expression(&test.expr, depth)
            }
            Expr::GetAttr(field) => self.expression(&field.expr, depth),
            Expr::GetItem(item) => self.expressions([&item.expr, &item.subscript_expr], depth),
            Expr::Call(_) => self.refuse(at, "nothing can be called: there are filters, such as lead.name|upper"),
            Expr::List(list) => self.expressions(&list.items, depth),
            Expr::Tuple(tuple) => self.expressions(&tuple.items, depth),
            Expr::Map(map) => self.expressions(map.keys.iter().chain(&map.values), depth),
        }
    }

    fn operator(&self, operator: BinOpKind, at: u32) -> Result {
        match operator {
            BinOpKind::Add => self.refuse(at, "there is no +: texts are joined with ~"),
            BinOpKind::Sub
            | BinOpKind::Mul
            | BinOpKind::Div
            | BinOpKind::FloorDiv
            | BinOpKind::Rem
            | BinOpKind::Pow => self.refuse(at, "there is no arithmetic in these templates"),
            _ => Ok(()),
        }
    }

    /// Nothing equals `none`: what is `null` in the event is a field without a value here.
    fn compared<'b>(&self, is_equality: bool, all: impl IntoIterator<Item = &'b Expr<'a>>) -> Result
    where
        'a: 'b,
    {
        let is_none = |one: &&Expr<'a>| matches!(one, Expr::Const(constant) if is_none(constant));
        match all.into_iter().find(is_none) {
            Some(none) if is_equality => self
                .refuse(none.span().start_offset, "nothing is compared with none: write `is none`, or `if lead.name`"),
            _ => Ok(()),
        }
    }

    fn filter(&mut self, filter: &Spanned<Filter<'a>>, depth: usize) -> Result {
        let at = filter.span().start_offset;
        let Some(known) = filters::find(filter.name) else {
            let names: Vec<_> = FILTERS.iter().map(|filter| filter.name).collect();
            return self.refuse(at, format!("there is no filter `{}`: there are {}", filter.name, names.join(", ")));
        };
        let (least, most) = known.arguments;
        if !(least..=most).contains(&filter.args.len()) {
            return self.refuse(at, format!("`{}` is written as {}", filter.name, known.usage));
        }
        for argument in &filter.args {
            match argument {
                CallArg::Pos(value) => self.expression(value, depth)?,
                _ => return self.refuse(at, format!("`{}` is written as {}", filter.name, known.usage)),
            }
        }
        filter.expr.as_ref().map_or(Ok(()), |value| self.expression(value, depth))
    }
}

fn is_none(constant: &Spanned<Const>) -> bool {
    constant.value.is_none()
}

/// The path that an expression is: `lead.name`, or `lead["name"]`.
fn path_of(expression: &Expr<'_>) -> Option<String> {
    match expression {
        Expr::Var(variable) => Some(variable.id.to_owned()),
        Expr::GetAttr(field) => Some(format!("{}.{}", path_of(&field.expr)?, field.name)),
        Expr::GetItem(item) => match &item.subscript_expr {
            Expr::Const(name) => Some(format!("{}.{}", path_of(&item.expr)?, name.value.as_str()?)),
            _ => None,
        },
        _ => None,
    }
}
