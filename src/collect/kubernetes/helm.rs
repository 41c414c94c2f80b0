//! Makes YAML of templates that nobody rendered (Helm's, Ansible's), as well as that can be: names stay alike, values are
//! those of the chart's own `values.yaml`, else guesses. It knows few functions, runs none, and says where rights stand behind
//! a value that is not there.

use serde_json::Value;

/// The fields of roles and bindings that say who may do what.
const RIGHTS: [&str; 3] = ["rules", "subjects", "roleRef"];

/// Whether a file is a template: of a chart, or of YAML with values that stand outside of quotes.
pub(super) fn is_template(path: &str, text: &str) -> bool {
    let below = path.split('/').rev().skip(1).any(|folder| folder == "templates");
    below && text.contains("{{") || text.contains(": {{") || text.contains("{%")
}

/// The folder of the chart that a template is of.
pub(super) fn chart(path: &str) -> Option<&str> {
    if let Some((chart, _)) = path.rsplit_once("/templates/") {
        return Some(chart);
    }
    path.starts_with("templates/").then_some("")
}

/// A template as YAML.
pub(super) struct Tolerated {
    pub(super) text: String,
    /// Lines, and the fields in which rights stand behind a value that nothing says.
    pub(super) unknown: Vec<(u64, &'static str)>,
}

/// The text without lines that are instructions alone, and with a word in place of each expression whose value is not known:
/// the same expression is the same word, so that what refers to a name still does.
pub(super) fn tolerate(text: &str, values: &Value) -> Tolerated {
    let mut template = Template::new(values);
    for (number, line) in (1..).zip(text.lines()) {
        template.line(number, line);
        template.out.push('\n');
    }
    Tolerated { text: stronger_kinds(&template.out), unknown: template.unknown }
}

/// What was seen of a template so far.
struct Template<'v> {
    values: &'v Value,
    out: String,
    unknown: Vec<(u64, &'static str)>,
    /// In an expression over several lines.
    inside: bool,
    /// The open blocks; of `with` the value that stands for a dot in it, where that is known.
    blocks: Vec<Option<Option<&'v Value>>>,
    /// The field of rights that the line is below of, its indentation, and that of its items once one was seen.
    field: Option<(&'static str, usize, Option<usize>)>,
    /// The indentation of the line before, where that is a field without a value.
    opened: Option<usize>,
}

impl<'v> Template<'v> {
    fn new(values: &'v Value) -> Self {
        let (out, unknown, blocks) = (String::new(), Vec::new(), Vec::new());
        Self { values, out, unknown, inside: false, blocks, field: None, opened: None }
    }

    fn line(&mut self, number: u64, line: &str) {
        let bare = line.trim();
        let opens = bare.contains("{{") && !bare.contains("}}");
        let is_instruction = bare.starts_with("{{") && bare.ends_with("}}") && bare.matches("{{").count() == 1;
        if self.inside || opens {
            self.inside = !bare.contains("}}");
            return;
        }
        if bare.starts_with("{%") && bare.ends_with("%}") {
            return;
        }
        if is_instruction {
            let expression = bare.trim_start_matches("{{").trim_end_matches("}}");
            return self.instruction(number, expression.trim_matches('-').trim());
        }
        self.place(line);
        let told = self.told(line);
        self.out.push_str(&told);
    }

    /// Notes where a line stands.
    fn place(&mut self, line: &str) {
        let bare = line.trim_start();
        if bare.is_empty() || bare.starts_with('#') {
            return;
        }
        let indent = line.len() - bare.len();
        if let Some((_, of, items)) = &mut self.field {
            match bare.starts_with("- ") && indent >= *of {
                true => _ = items.get_or_insert(indent),
                false if indent <= *of => self.field = None,
                false => {}
            }
        }
        let key = bare.trim_end().strip_suffix(':');
        self.opened = key.map(|_| indent);
        if let Some(field) = key.and_then(|key| RIGHTS.into_iter().find(|field| *field == key)) {
            self.field = Some((field, indent, None));
        }
    }

    /// A line that is nothing but an expression.
    fn instruction(&mut self, number: u64, expression: &str) {
        let first = expression.split_whitespace().next().unwrap_or_default();
        match first {
            "with" => {
                let value = self.value(expression.trim_start_matches("with").trim());
                return self.blocks.push(Some(value));
            }
            "if" | "range" | "define" | "block" => return self.blocks.push(None),
            "end" => {
                self.blocks.pop();
                return;
            }
            "else" | "template" | "break" | "continue" => return,
            _ if first.starts_with("/*") || first.starts_with('$') => return,
            _ => {}
        }
        let of_with = self.blocks.iter().rev().flatten().next();
        // What is within `with` of an empty value is not written at all.
        if of_with.is_some_and(|value| value.is_some_and(is_empty)) {
            return;
        }
        let value = self.value(expression);
        match (self.field, value) {
            (Some((_, of, items)), Some(Value::Array(list))) => {
                let indent = " ".repeat(items.unwrap_or(of));
                // One line in the place of one, so that lines keep their numbers.
                match (items, list.is_empty()) {
                    (_, true) => {}
                    (None, false) => self.out.push_str(&format!("{indent}  {}", Value::Array(list.clone()))),
                    (Some(_), false) => self.unknown.push((number, self.field.map_or("rules", |field| field.0))),
                }
            }
            (Some(_), Some(Value::Object(map))) if self.opened.is_some() => {
                let indent = " ".repeat(self.opened.unwrap_or_default());
                self.out.push_str(&format!("{indent}  {}", Value::Object(map.clone())));
            }
            (Some(_), Some(value)) if is_empty(value) => {}
            (Some((field, ..)), _) => self.unknown.push((number, field)),
            (None, Some(value @ (Value::Object(_) | Value::Array(_)))) => {
                if let Some(of) = self.opened {
                    self.out.push_str(&format!("{}  {value}", " ".repeat(of)));
                }
            }
            (None, _) => {}
        }
        self.opened = None;
    }

    /// A line with its expressions replaced.
    fn told(&self, line: &str) -> String {
        let mut told = String::new();
        let chosen = choice(line);
        let mut rest = chosen.as_deref().unwrap_or(line);
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((expression, behind)) = after.split_once("}}") else { break };
            told.push_str(before);
            let expression = expression.trim_matches('-').trim();
            // Where the release goes nobody knows yet, but it is one place: what names it and what names no namespace meet.
            let is_namespace = before.trim_end_matches([' ', '"', '\'']).ends_with("namespace:");
            let lower = expression.to_ascii_lowercase();
            if lower.contains(".release.namespace") || is_namespace && lower.contains("namespace") {
                told.push_str("default");
            } else {
                let known = self.value(expression).and_then(scalar).or_else(|| default_of(expression));
                told.push_str(&known.unwrap_or_else(|| word(expression)));
            }
            rest = behind;
        }
        told.push_str(rest);
        told
    }

    /// The value that an expression names in `values.yaml`: `.Values.a.b`, `toYaml .Values.a | nindent 2`, a dot in `with`.
    fn value(&self, expression: &str) -> Option<&'v Value> {
        let words = expression.split(|letter: char| letter.is_whitespace() || matches!(letter, '(' | ')' | '|'));
        let mut named = words.filter(|word| word.starts_with('.') || word.starts_with("$.Values."));
        let name = named.next()?;
        if named.next().is_some() || expression.contains("include ") || expression.contains("printf ") {
            return None;
        }
        if name == "." {
            return self.blocks.iter().rev().flatten().next().copied().flatten();
        }
        let path = name.trim_start_matches('$').strip_prefix(".Values.")?;
        path.split('.').try_fold(self.values, |value, part| value.get(part))
    }
}

/// Whether Helm takes a value for none.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(yes) => !yes,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() && !text.contains(['\n', '"', '{']) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The text that stands for a value that is not there: `.Values.role | default "view"`, `default "view" .Values.role`.
fn default_of(expression: &str) -> Option<String> {
    let (_, after) = expression.split_once("default ")?;
    let text = after.trim_start().strip_prefix('"')?.split('"').next()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// A line with `{{ if … }}A{{ else }}B{{ end }}` in it: with that of the two which gives more.
fn choice(line: &str) -> Option<String> {
    let (before, after) = line.split_once("{{")?;
    let (condition, rest) = after.split_once("}}")?;
    if !condition.trim_matches('-').trim_start().starts_with("if ") {
        return None;
    }
    let (inner, behind) = match rest.rsplit_once("{{") {
        Some((inner, end)) if end.trim_start_matches('-').trim_start().starts_with("end") => {
            (inner, end.split_once("}}").map_or("", |(_, behind)| behind))
        }
        _ => return None,
    };
    let mut branches: Vec<&str> = Vec::new();
    for (index, part) in inner.split("{{").enumerate() {
        let is_else = part.trim_start_matches('-').trim_start().starts_with("else");
        match (index, is_else) {
            (0, _) => branches.push(part),
            (_, true) => branches.push(part.split_once("}}").map_or("", |(_, branch)| branch)),
            _ => return None,
        }
    }
    let best = branches.iter().find(|one| one.contains("Cluster")).or_else(|| branches.first())?;
    Some(format!("{before}{best}{behind}"))
}

/// Of a `kind` that stands twice, once for each branch of a condition, the one of the whole cluster.
fn stronger_kinds(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let is_kind = |line: &str| line.trim_start().strip_prefix("kind:").is_some();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut last: Option<usize> = None;
    for index in 0..lines.len() {
        let Some(line) = lines.get(index).copied().filter(|line| !line.trim().is_empty()) else { continue };
        let before = last.and_then(|last| lines.get(last).copied());
        if let (Some(at), Some(before)) = (last, before)
            && is_kind(line)
            && is_kind(before)
            && indent(line) == indent(before)
        {
            let drop = if before.contains("Cluster") || !line.contains("Cluster") { index } else { at };
            if let Some(line) = lines.get_mut(drop) {
                *line = "";
            }
            last = Some(if drop == index { at } else { index });
            continue;
        }
        last = Some(index);
    }
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

/// `include "app.serviceAccountName" .` as `helm-app-serviceaccountname`, and `template` of the same as the same.
fn word(expression: &str) -> String {
    let first = expression.split('|').next().unwrap_or_default();
    let mut word = String::from("helm");
    let mut gap = true;
    let called = first.trim_start().strip_prefix("template ").unwrap_or(first);
    for letter in called.replace("include", "").chars().take(80) {
        if letter.is_ascii_alphanumeric() {
            word.push_str(if gap { "-" } else { "" });
            word.push(letter.to_ascii_lowercase());
            gap = false;
        } else {
            gap = true;
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_expression_is_the_same_word() {
        let text = "{{- if .Values.rbac.create }}\nmetadata:\n  name: {{ include \"app.fullname\" . }}\n  labels:\n    {{- include \"app.labels\" . | nindent 4 }}\nsubjects:\n- name: {{ include \"app.fullname\" . | quote }}-x\n{{- /* a\ncomment */ -}}\n{{- end }}\n";
        let expected =
            "\nmetadata:\n  name: helm-app-fullname\n  labels:\n\nsubjects:\n- name: helm-app-fullname-x\n\n\n\n";
        assert_eq!(tolerate(text, &Value::Null).text, expected);
        let other = text.replace("- name: {{ include", "- name: {{ template");
        assert_eq!(tolerate(&other, &Value::Null).text, expected);
    }

    #[test]
    fn the_namespace_of_the_release_is_where_what_names_none_goes() {
        for expression in [
            "{{ .Release.Namespace }}",
            "{{ .Release.Namespace | quote }}",
            "{{ include \"c.namespace\" . }}",
            "{{ .Values.namespaceOverride | default .Release.Namespace }}",
            "\"{{ .Values.namespace }}\"",
        ] {
            let told = tolerate(&format!("- name: x\n  namespace: {expression}\n"), &Value::Null).text.replace('"', "");
            assert_eq!(told, "- name: x\n  namespace: default\n", "{expression}");
        }
        let inline = "subjects: [{name: {{ include \"c.name\" . }}, namespace: {{ .Release.Namespace }}}]";
        assert_eq!(tolerate(inline, &Value::Null).text, "subjects: [{name: helm-c-name, namespace: default}]\n");
        assert_eq!(tolerate("namespace: {{ .Values.team }}", &Value::Null).text, "namespace: helm-values-team\n");
    }

    #[test]
    fn rights_behind_values_are_those_of_the_chart_or_not_known() {
        let values = serde_json::json!({"rules": [{"verbs": ["get"]}], "none": [], "role": "", "name": "ops"});
        let told = |text: &str| {
            let told = tolerate(text, &values);
            (told.text, told.unknown)
        };
        let rules = "kind: Role\nrules:\n  {{- toYaml .Values.rules | nindent 2 }}\n";
        assert_eq!(told(rules), ("kind: Role\nrules:\n  [{\"verbs\":[\"get\"]}]\n".to_owned(), Vec::new()));
        assert_eq!(told("rules:\n{{ toYaml .Values.none }}\nx: y\n"), ("rules:\n\nx: y\n".to_owned(), Vec::new()));
        assert_eq!(told("rules:\n{{ toYaml .Values.other }}\n").1, [(2, "rules")]);
        assert_eq!(told("rules:\n- a: b\n{{ include \"c.rules\" . }}\n").1, [(3, "rules")]);
        let with = "rules:\n- a: b\n{{- with .Values.none }}\n{{- toYaml . }}\n{{- end }}\n";
        assert_eq!(told(with).1, []);
        assert_eq!(told("labels:\n  {{- include \"c.labels\" . | nindent 4 }}\n").1, []);
        let named = "  name: {{ .Values.role | default \"cluster-admin\" }}-{{ .Values.name }}\n";
        assert_eq!(told(named).0, "  name: cluster-admin-ops\n");
    }

    #[test]
    fn of_two_branches_the_one_that_gives_more_counts() {
        let told = |text: &str| tolerate(text, &Value::Null).text;
        let inline = "kind: {{ if .Values.wide }}ClusterRole{{ else }}Role{{ end }}Binding\n";
        assert_eq!(told(inline), "kind: ClusterRoleBinding\n");
        let lines = "{{ if .x }}\nkind: RoleBinding\n{{ else }}\nkind: ClusterRoleBinding\n{{ end }}\nmetadata:\n";
        assert_eq!(told(lines), "\n\n\nkind: ClusterRoleBinding\n\nmetadata:\n");
    }

    #[test]
    fn only_charts_have_templates() {
        assert!(is_template("charts/app/templates/rbac.yaml", "a: {{ .x }}"));
        assert!(!is_template("charts/app/values.yaml", "a: '{{ .x }}'"));
        assert!(!is_template("templates/plain.yaml", "a: b"));
        assert!(is_template("roles/app/rbac.yaml", "namespace: {{ namespace }}"));
        assert!(!is_template("roles/app/rbac.yaml", "namespace: \"{{ namespace }}\""));
    }
}
