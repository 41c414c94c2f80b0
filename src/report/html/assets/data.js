// What the page knows. Its texts are only ever set as text, never as markup.

const DATA = JSON.parse(document.getElementById("data").textContent);
const SEVERITIES = ["info", "low", "medium", "high", "critical"];
const POWERS = ["could not be seen", "no special power", "some powers", "can become administrator", "administrator"];
const OWNERS = {
  there: "there", left: "gone", none: "nobody", unchecked: "not checked", unknown: "unknown",
};

const text = (place) => DATA.strings[place];

// Rows come as lists of values; the mark of a column says which of them are texts.
function unpack(sheet) {
  const readers = sheet.columns.map((column) => {
    if (column.startsWith("$")) return [column.slice(1), text];
    if (column.startsWith("@")) return [column.slice(1), (places) => places.map(text)];
    return [column, (value) => value];
  });
  return sheet.rows.map((row, index) => {
    const made = { index };
    readers.forEach(([name, read], position) => { made[name] = read(row[position]); });
    return made;
  });
}

const identities = unpack(DATA.identities);
const findings = unpack(DATA.findings);
const rules = unpack(DATA.rules);
const ways = unpack(DATA.ways);
const exposures = unpack(DATA.exposures);
const credentials = unpack(DATA.credentials);
const workloads = unpack(DATA.workloads);
const coverage = unpack(DATA.coverage);
const frameworks = DATA.frameworks.map((one) => ({
  name: text(one.name), source: text(one.source), checked: text(one.checked), prefix: text(one.prefix),
  complete: one.complete, controls: one.controls.map(([id, title]) => ({ id: text(id), title: text(title) })),
}));
const ruleOf = new Map(rules.map((rule) => [rule.id, rule]));
const titleOf = new Map(frameworks.flatMap((one) => one.controls).map((control) => [control.id, control.title]));

for (const finding of findings) {
  const identity = finding.identity === null ? null : identities[finding.identity];
  finding.who = identity ? identity.name : finding.about;
  finding.tenant = identity ? identity.tenant : "";
  finding.provider = identity ? identity.provider : "";
}
for (const identity of identities) {
  const open = identity.findings.map((row) => findings[row]).filter((finding) => !finding.accepted);
  identity.worst = open.reduce((worst, finding) => Math.max(worst, finding.severity), -1);
}

// Names in addresses. Two names that look alike after cleaning keep apart by their row.
function addresses(rows, name) {
  const first = new Map();
  rows.forEach((row) => { if (!first.has(row[name])) first.set(row[name], row.index); });
  return {
    of: (row) => (first.get(row[name]) === row.index ? row[name] : `~${row.index}`),
    find: (address) => {
      const index = /^~\d+$/.test(address) ? Number(address.slice(1)) : first.get(address);
      return rows[index];
    },
  };
}
const identityAddress = addresses(identities, "urn");
const findingAddress = addresses(findings, "id");
const toIdentity = (identity) => `#/identity/${encodeURIComponent(identityAddress.of(identity))}`;
const toFinding = (finding) => `#/finding/${encodeURIComponent(findingAddress.of(finding))}`;

function toList(view, filters) {
  const query = new URLSearchParams(filters).toString();
  return query ? `#/${view}?${query}` : `#/${view}`;
}

const collator = new Intl.Collator("en", { numeric: true });
const many = (count, one, more) => `${count.toLocaleString("en")} ${count === 1 ? one : more}`;
