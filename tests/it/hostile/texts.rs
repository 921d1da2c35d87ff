//! Texts that try to be more than a text.

/// A text, and what it tries.
pub(crate) struct Hostile {
    /// What it tries, in a few words.
    pub(crate) name: &'static str,
    /// The text.
    pub(crate) text: &'static str,
}

const fn hostile(name: &'static str, text: &'static str) -> Hostile {
    Hostile { name, text }
}

/// Texts that a file may hold: every one is shown and stored as what it is.
pub(crate) const SEEN: [Hostile; 22] = [
    hostile("html", "</code></td></table></details><script>alert(1)</script><!-- x"),
    hostile("markdown table", "a | b |\\| c `|` \\"),
    hostile("markdown code", "`` ` ``` x ````"),
    hostile("markdown blocks", "# h > q - [ ] t *** 1. x [^1]: y"),
    hostile("markdown link", "[x](https://evil.example) ![y](//evil.example/z.png)"),
    hostile("markdown emphasis", "**a** __b__ ~~c~~ $d$ $$e$$ *f*"),
    hostile("autolinks", "https://evil.example www.evil.example a@evil.example"),
    hostile("mentions", "@liwei @acme/ops cc @all"),
    hostile("references", "#1 !2 GH-3 ~bug %4 &5 acme/access#6 fbe8d2c1a0fbe8d2c1a0"),
    hostile("slash command", "/approve /merge /close"),
    hostile("marker", "<!-- jumpgate:comment command=plan config=default -->"),
    hostile("workflow command", "::set-output name=verdict::approved"),
    hostile("old workflow command", "x ##[set-output name=verdict]approved"),
    hostile("command of azure", "##vso[task.setvariable variable=a]b"),
    hostile("entities", "&lt;b&gt; &#96; &amp;amp;"),
    hostile("sql", "x'; DROP DATABASE orders; -- \" ` \\"),
    hostile("format", "%s %d {0} ${HOME} $(id) {{ x }} `id`"),
    hostile("yaml", "!!python/object &a *a <<: {a: [b]} - ? | > % @"),
    hostile("json", "\",\"admin\":true,\"x\":\"\\u0000"),
    hostile("emoji", "🙂 👩\u{200d}👩\u{200d}👧\u{fe0f} 🇨🇳 :smile:"),
    hostile("zalgo", "Z̴̢̛̈́a̷̧̛͐l̶̨̛͝g̸̡̛͑o̵̢̕ è́́́́́́́́́"),
    hostile("path", "../../../etc/passwd ~root C:\\x \\\\host\\share"),
];

/// Texts that no file may hold, by whatever way they are written.
pub(crate) const HIDDEN: [Hostile; 14] = [
    hostile("colours", "\u{1b}[31mred\u{1b}[0m"),
    hostile("screen", "\u{1b}[2J\u{1b}[H"),
    hostile("link", "\u{1b}]8;;https://evil.example\u{1b}\\click\u{1b}]8;;\u{1b}\\"),
    hostile("title", "\u{1b}]0;title\u{7}"),
    hostile("c1", "\u{9b}31mred\u{9d}0;x\u{9c}"),
    hostile("backspace", "good\u{8}\u{8}\u{8}\u{8}evil"),
    hostile("delete", "a\u{7f}b"),
    hostile("next line", "a\u{85}::set-output name=x::y"),
    hostile("zero", "a\u{0}b"),
    hostile("turned", "\u{202e}gnirts\u{202c} \u{2066}x\u{2069}"),
    hostile("no width", "a\u{200b}b\u{2060}c\u{feff}d"),
    hostile("soft hyphen", "ad\u{ad}min"),
    hostile("separators", "a\u{2028}b\u{2029}c"),
    hostile("tags", "a\u{e0041}\u{e007f}"),
];

/// A text as YAML in double quotes; everything that is not ASCII letters is an escape.
pub(crate) fn escaped(text: &str) -> String {
    let mut yaml = String::from("\"");
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == ' ' => yaml.push(c),
            c => yaml.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    yaml.push('"');
    yaml
}

/// A text as YAML in single quotes, as it is.
pub(crate) fn raw(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
