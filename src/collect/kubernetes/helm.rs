//! Makes YAML of Helm templates that nobody rendered, as well as that can be: names stay alike, values are guesses.
//! It knows no function of Helm and evaluates nothing.

/// Whether a file is a template of a chart.
pub(super) fn is_template(path: &str, text: &str) -> bool {
    let below = path.split('/').rev().skip(1).any(|folder| folder == "templates");
    below && text.contains("{{")
}

/// The text without lines that are instructions alone, and with a word in place of each expression: the same expression
/// is the same word, so that what refers to a name still does.
pub(super) fn tolerate(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for line in text.lines() {
        let bare = line.trim();
        let opens = bare.contains("{{") && !bare.contains("}}");
        let is_instruction = bare.starts_with("{{") && bare.ends_with("}}") && bare.matches("{{").count() == 1;
        // An expression over several lines, such as a comment.
        if inside || opens || is_instruction {
            inside = (inside || opens) && !bare.contains("}}");
            out.push('\n');
            continue;
        }
        push_line(line, &mut out);
        out.push('\n');
    }
    out
}

fn push_line(line: &str, out: &mut String) {
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((expression, behind)) = after.split_once("}}") else { break };
        out.push_str(before);
        // Where the release goes nobody knows yet, but it is one place: what names it and what names no namespace meet.
        let is_namespace = before.trim_end_matches([' ', '"', '\'']).ends_with("namespace:");
        let lower = expression.to_ascii_lowercase();
        if lower.contains(".release.namespace") || is_namespace && lower.contains("namespace") {
            out.push_str("default");
        } else {
            out.push_str(&word(expression));
        }
        rest = behind;
    }
    out.push_str(rest);
}

/// `include "app.serviceAccountName" .` as `helm-app-serviceaccountname`.
fn word(expression: &str) -> String {
    let first = expression.split('|').next().unwrap_or_default();
    let mut word = String::from("helm");
    let mut gap = true;
    for letter in first.replace("include", "").chars().take(80) {
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
        assert_eq!(tolerate(text), expected);
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
            let told = tolerate(&format!("- name: x\n  namespace: {expression}\n")).replace('"', "");
            assert_eq!(told, "- name: x\n  namespace: default\n", "{expression}");
        }
        let inline = "subjects: [{name: {{ include \"c.name\" . }}, namespace: {{ .Release.Namespace }}}]";
        assert_eq!(tolerate(inline), "subjects: [{name: helm-c-name, namespace: default}]\n");
        assert_eq!(tolerate("namespace: {{ .Values.team }}"), "namespace: helm-values-team\n");
    }

    #[test]
    fn only_charts_have_templates() {
        assert!(is_template("charts/app/templates/rbac.yaml", "a: {{ .x }}"));
        assert!(!is_template("charts/app/values.yaml", "a: {{ .x }}"));
        assert!(!is_template("templates/plain.yaml", "a: b"));
    }
}
