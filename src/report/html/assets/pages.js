// One page a thing: an identity, a finding, the frameworks, the coverage.

function findingCard(finding, heading) {
  const rule = ruleOf.get(finding.rule);
  return el("article", { class: "finding", "data-severity": SEVERITIES[finding.severity] },
    el(heading, {}, severityBadge(finding.severity), " ", link(toFinding(finding), finding.title)),
    el("p", {}, finding.message),
    finding.notes.length ? list(finding.notes) : null,
    finding.steps.length ? el("ol", { class: "steps" }, finding.steps.map((step) => el("li", {}, step))) : null,
    el("p", { class: "remedy" }, el("strong", {}, "What to do"), finding.remedy || (rule ? rule.remedy : "")));
}

function findingPage(finding) {
  const rule = ruleOf.get(finding.rule);
  const identity = finding.identity === null ? null : identities[finding.identity];
  const controls = finding.maps.map((id) => link(toList("findings", { control: id }), `${id} ${titleOf.get(id) || ""}`.trim()));
  return el("div", {},
    el("h1", { tabindex: "-1" }, severityBadge(finding.severity), " ", finding.title),
    el("p", { class: "lead" }, finding.message),
    terms([
      ["about", identity ? link(toIdentity(identity), `${identity.kind} ${identity.name}`) : finding.about],
      ["where", finding.places],
      ["said of it", finding.notes],
      ["rule", link(toList("findings", { rule: finding.rule }), finding.rule)],
      ["confidence", finding.confidence],
      ["controls", controls],
      ["fingerprint", el("code", {}, finding.id)],
    ]),
    finding.steps.length ? [el("h2", {}, "What proves it"), el("ol", { class: "steps" }, finding.steps.map((step) => el("li", {}, step)))] : null,
    el("h2", {}, "What to do"), el("p", { class: "remedy" }, finding.remedy || (rule ? rule.remedy : "")),
    rule && rule.why ? [el("h2", {}, "Why it matters"), el("p", {}, rule.why)] : null,
    identity ? picture(identity) : null);
}

function identityPage(identity) {
  const of = (rows, all) => rows.map((row) => all[row]);
  const own = of(identity.findings, findings).sort((a, b) => b.severity - a.severity);
  return el("div", {},
    el("h1", { tabindex: "-1" }, identity.name),
    el("p", { class: "lead" }, `${identity.kind}, ${identity.place} ${identity.tenant}${identity.disabled ? ", disabled" : ""}`),
    picture(identity),
    terms([
      ["name in every scan", el("code", {}, identity.urn)],
      ["owner", identity.owner],
      ["last used", identity.used],
      ["can", identity.can.length ? identity.can : (identity.ways.length ? [] : POWERS[identity.power])],
      ["made", identity.created],
      ["not seen of it", identity.hidden.length ? `${identity.hidden.join(", ")} (see coverage)` : ""],
      ["seen in", identity.seen_in + (identity.seen_as ? ` (${identity.seen_as})` : "")],
    ]),
    own.length ? [el("h2", {}, many(own.length, "finding", "findings")), own.map((finding) => findingCard(finding, "h3"))]
      : el("p", {}, "No findings."),
    identity.ways.length ? [el("h2", {}, "Ways to administrator"), of(identity.ways, ways).map((way) => el("details", { open: identity.ways.length < 3 },
      el("summary", {}, way.title), el("ol", { class: "steps" }, way.steps.map((step) => el("li", {}, step)))))] : null,
    identityTables(identity, of));
}

function identityTables(identity, of) {
  const part = (rows, title, heads, cells) => (rows.length ? smallTable(title, heads, rows.map(cells)) : null);
  return [
    part(of(identity.exposures, exposures), "Secrets of it in the open", ["what", "where", "value", "other places"], (one) => [
      `${one.title}${one.allowed ? `, allowed by ${one.allowed}` : ""}`, one.place, one.preview, String(one.copies)]),
    part(of(identity.credentials, credentials), "Credentials", ["kind", "name", "works", "made", "ends", "last used", "places in the open"], (one) => [
      one.kind, one.name, one.works, one.created, one.expires, one.used, String(one.open)]),
    part(of(identity.workloads, workloads), "Runs as it", ["kind", "name"], (one) => [one.kind, one.name]),
    part(identity.trusted, "Who may become it", ["principal"], (one) => [one]),
    part(identity.grants, "Rights as given", ["policy or role (where)"], (one) => [one]),
    part(identity.traits, "What its provider says", ["name", "value"], ([name, value]) => [text(name), text(value)]),
    part(identity.tags, "Tags, labels and annotations", ["name", "value"], ([name, value]) => [text(name), text(value)]),
  ];
}

// How it stands with a control, from what was judged for it.
function standing(id) {
  const asked = rules.filter((rule) => rule.maps.includes(id));
  const open = findings.filter((finding) => !finding.accepted && finding.maps.includes(id));
  const unjudged = asked.filter((rule) => rule.unjudged.length);
  let word = "nothing found";
  if (open.length) word = many(open.length, "finding", "findings");
  else if (!asked.length) word = "no rule asks";
  else if (unjudged.length) word = "not judged everywhere";
  return { asked, open, unjudged, word };
}

function frameworksPage() {
  const known = new Set(frameworks.flatMap((one) => one.controls).map((control) => control.id));
  const mapped = [...new Set([...rules, ...findings].flatMap((one) => one.maps))].sort(collator.compare);
  const section = (name, about, controls) => (controls.length ? [
    el("h2", {}, name), about,
    smallTable(name, ["control", "stands at", "worst", "rules that ask", "not judged everywhere"], controls.map((control) => {
      const { asked, open, unjudged, word } = standing(control.id);
      const worst = open.reduce((most, finding) => Math.max(most, finding.severity), -1);
      return [
        [el("strong", {}, control.id), ` ${control.title}`],
        open.length ? link(toList("findings", { control: control.id }), word) : el("span", { class: "dim" }, word),
        worst < 0 ? "" : severityBadge(worst),
        list(asked.map((rule) => link(toList("findings", { rule: rule.id }), rule.id)), { class: "plain" }),
        unjudged.map((rule) => rule.id).join(", "),
      ];
    })),
  ] : null);
  const parts = frameworks.map((one) => {
    const own = mapped.filter((id) => id.startsWith(one.prefix));
    const listed = one.controls.filter((control) => one.complete || own.includes(control.id));
    const rest = own.filter((id) => !known.has(id)).map((id) => ({ id, title: "" }));
    const about = el("p", { class: "dim" }, `${one.source}, compared ${one.checked}. ${one.complete ? "All controls are listed." : "Only controls that a rule speaks of are listed."}`);
    return section(one.name, about, [...listed, ...rest]);
  });
  const others = mapped.filter((id) => !frameworks.some((one) => id.startsWith(one.prefix))).map((id) => ({ id, title: "" }));
  return el("div", {}, el("h1", { tabindex: "-1" }, "Frameworks"),
    el("p", { class: "lead" }, "What was found, by the controls that the rules map to. A control without a finding is not thereby fulfilled: it says what these rules looked for and where."),
    parts, section("Other controls", null, others));
}

function coveragePage() {
  const parts = { hole: [], "not read": [], read: [] };
  coverage.forEach((entry) => parts[entry.state].push(entry));
  const unjudged = rules.filter((rule) => rule.unjudged.length);
  const cells = (one) => [
    one.collector, one.target, one.what, `${one.outcome}${one.count ? `, ${one.count}` : ""}`,
    [one.detail, one.remedy ? el("p", { class: "remedy" }, el("strong", {}, "What to do"), one.remedy) : null], one.blinds.join(", ")];
  const heads = ["read by", "account, cluster or tree", "what", "how it ended", "why", "unknown because of it"];
  const part = (rows, title) => (rows.length ? [el("h2", {}, `${title} (${rows.length})`), smallTable(title, heads, rows.map(cells))] : null);
  return el("div", {}, el("h1", { tabindex: "-1" }, "Coverage and method"),
    el("p", { class: "lead" }, parts.hole.length ? `${many(parts.hole.length, "hole", "holes")}: what is unknown because of them is not clean.` : "No holes: what was asked for was read to its end."),
    part(parts.hole, "Holes"),
    unjudged.length ? [el("h2", {}, `Rules not judged everywhere (${unjudged.length})`),
      smallTable("Rules not judged everywhere", ["rule", "where and why"], unjudged.map((rule) => [rule.id, list(rule.unjudged, { class: "plain" })]))] : null,
    part(parts["not read"], "Left out on purpose"),
    part(parts.read, "Read to the end"), methodPart());
}

function methodPart() {
  const { version, now } = document.body.dataset;
  return [
    el("h2", {}, "Method"),
    list([
      `nonhuman ${version}, at ${now}. The same input gives the same page, byte by byte.`,
      "Accounts, clusters and trees were read with read-only calls; nothing was changed, started or sent anywhere. Secrets that were found were not tried: they are tied to their identity by public ids in their text and by keyed fingerprints.",
      "Rights are worked out from the policies that were read. What holds under a condition only is said to; what could not be read is unknown, not absent.",
      "A rule is judged for a thing only where every fact that it asks for is known; else it is listed as not judged.",
    ]),
    el("h2", {}, `Rules (${rules.length})`),
    smallTable("Rules", ["rule", "severity", "what it asks", "why", "controls"], rules.map((rule) => [
      link(toList("findings", { rule: rule.id }), rule.id), rule.severity === null ? "of the detector" : severityBadge(rule.severity),
      rule.title, rule.why, rule.maps.join(", ")])),
  ];
}
