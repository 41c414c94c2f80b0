// The two long lists, findings and identities, with their filters. The filters live in the address.

const two = (first, second) => [el("div", { class: "line" }, first), el("div", { class: "line dim" }, second)];

// A text in two lines: what comes before the first mark, and the rest.
function parted(words, mark) {
  const cut = words.search(mark);
  return cut < 0 ? two(words, "") : two(words.slice(0, cut), words.slice(cut).replace(/^[:,] /, "").replace(/^ \((.*)\)$/, "$1"));
}

// A place in two lines: the file's name, then the object in it or the folder.
function placed(place) {
  const [, file, object] = /^(.*?)( \(.*\))?$/s.exec(place);
  const cut = file.lastIndexOf("/") + 1;
  return two(file.slice(cut), object ? object.trim().slice(1, -1) : file.slice(0, cut));
}

const LISTS = {
  findings: {
    title: "Findings",
    one: "finding",
    rows: findings,
    address: toFinding,
    severity: (row) => SEVERITIES[row.severity],
    words: (row) => `${row.who} ${row.tenant} ${row.rule} ${row.title} ${row.message} ${row.places.join(" ")} ${row.maps.join(" ")}`,
    sort: { name: "severity", down: true },
    columns: [
      { name: "severity", title: "Severity", down: true, value: (row) => row.severity, cell: (row) => severityBadge(row.severity) },
      { name: "what", title: "What", value: (row) => row.message,
        cell: (row) => el("div", { class: "clamp" }, link(toFinding(row), row.message)) },
      { name: "rule", title: "Rule", value: (row) => row.rule, cell: (row) => two(row.rule, row.accepted ? "accepted in the baseline" : "") },
      { name: "who", title: "Identity or file", value: (row) => row.who,
        cell: (row) => (row.identity === null ? placed(row.who) : two(row.who, `${identities[row.identity].kind}, ${row.tenant}`)) },
      { name: "where", title: "Where", value: (row) => row.places[0] || "", cell: (row) => placed(row.places[0] || "") },
    ],
    filters: [
      { name: "severity", label: "Severity", test: (row, value) => SEVERITIES[row.severity] === value, options: () => [...SEVERITIES].reverse() },
      { name: "provider", label: "System", test: (row, value) => row.provider === value, values: (row) => [row.provider] },
      { name: "rule", label: "Rule", test: (row, value) => row.rule === value, values: (row) => [row.rule] },
      { name: "control", label: "Control", test: (row, value) => row.maps.includes(value), values: (row) => row.maps },
      { name: "baseline", label: "Baseline", test: (row, value) => (value === "accepted") === row.accepted,
        options: () => (findings.some((row) => row.accepted) ? ["accepted", "open"] : []) },
    ],
  },
  identities: {
    title: "Identities",
    one: "identity",
    rows: identities,
    address: toIdentity,
    severity: (row) => SEVERITIES[row.worst],
    words: (row) => `${row.name} ${row.urn} ${row.kind} ${row.tenant} ${row.owner} ${row.can.join(" ")}`,
    sort: { name: "worst", down: true },
    columns: [
      { name: "worst", title: "Worst finding", down: true, value: (row) => row.worst * 1e6 + row.findings.length,
        cell: (row) => (row.worst < 0 ? el("span", { class: "dim" }, "none")
          : [severityBadge(row.worst), el("span", { class: "dim" }, ` ${row.findings.length}`)]) },
      { name: "name", title: "Name", value: (row) => row.name,
        cell: (row) => two(link(toIdentity(row), row.name), `${row.kind}, ${row.tenant}${row.disabled ? ", disabled" : ""}`) },
      { name: "power", title: "Power", down: true, value: (row) => row.power,
        cell: (row) => two(POWERS[row.power], row.can[0] || "") },
      { name: "owner", title: "Owner", value: (row) => row.owner, cell: (row) => parted(row.owner, /, | \(|: /) },
      { name: "used", title: "Last used", value: (row) => (row.used_days === null ? 1e9 : row.used_days), down: true,
        cell: (row) => parted(row.used, /, |: | \(/) },
    ],
    filters: [
      { name: "kind", label: "Kind", test: (row, value) => row.kind === value, values: (row) => [row.kind] },
      { name: "tenant", label: "Where", test: (row, value) => row.tenant === value, values: (row) => [row.tenant] },
      { name: "owner", label: "Owner", test: (row, value) => OWNERS[row.owner_state] === value, values: (row) => [OWNERS[row.owner_state]] },
      { name: "power", label: "Power", test: (row, value) => POWERS[row.power] === value, options: () => [...POWERS].reverse() },
      { name: "with", label: "Findings", options: () => ["findings", "no findings"],
        test: (row, value) => (value === "findings") === (row.findings.length > 0) },
    ],
  },
};

// The choices of a filter: as listed, or what there is.
function choices(filter, rows) {
  if (filter.options) return filter.options();
  const all = new Set(rows.flatMap(filter.values));
  all.delete("");
  return [...all].sort(collator.compare);
}

function matches(row, form, words, chosen) {
  if (!chosen.every(([filter, value]) => filter.test(row, value))) return false;
  if (!words.length) return true;
  if (row.haystack === undefined) row.haystack = form.words(row).toLowerCase();
  return words.every((word) => row.haystack.includes(word));
}

// Builds a list. `remembered` is what another view came back to: the row and how far it was scrolled.
function listView(name, query, remembered) {
  const form = LISTS[name];
  const state = new URLSearchParams(query);
  const count = el("p", { class: "count", role: "status" });
  const keep = () => replaceAddress(toList(name, state));
  const asked = state.get("sort");
  const known = asked && form.columns.some((column) => column.name === asked.replace(/^-/, ""));
  const sort = known ? { name: asked.replace(/^-/, ""), down: asked.startsWith("-") } : form.sort;
  const table = new LongTable({
    label: form.title, columns: form.columns, sort, address: form.address, severity: form.severity,
    onSort: (chosen) => { state.set("sort", (chosen.down ? "-" : "") + chosen.name); keep(); },
  });
  const apply = () => {
    const words = (state.get("q") || "").toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = form.filters.filter((filter) => state.get(filter.name)).map((filter) => [filter, state.get(filter.name)]);
    table.show(form.rows.filter((row) => matches(row, form, words, chosen)));
    count.textContent = `${table.shown.length.toLocaleString("en")} of ${many(form.rows.length, form.one, form.title.toLowerCase())}`;
  };
  const change = (field, value) => {
    if (value) state.set(field, value); else state.delete(field);
    keep();
    apply();
  };
  const node = el("div", { class: "list" }, el("h1", { tabindex: "-1" }, form.title), filterBar(form, state, change), count, table.node);
  apply();
  return { node, table, ready: () => restore(table, remembered) };
}

function restore(table, remembered) {
  table.range = "";
  if (remembered) {
    table.active = Math.min(remembered.active, Math.max(0, table.shown.length - 1));
    table.node.scrollTop = remembered.scroll;
  }
  table.render();
  if (remembered) table.focus();
}

function filterBar(form, state, change) {
  const search = el("input", { type: "search", id: "search", autocomplete: "off", spellcheck: "false", value: state.get("q") || "" });
  let later = 0;
  search.addEventListener("input", () => {
    clearTimeout(later);
    later = setTimeout(() => change("q", search.value.trim()), 80);
  });
  const bar = el("form", { class: "filters", role: "search" },
    el("div", {}, el("label", { for: "search" }, "Search"), search));
  bar.addEventListener("submit", (event) => event.preventDefault());
  for (const filter of form.filters) {
    const values = choices(filter, form.rows);
    const chosen = state.get(filter.name);
    if (values.length < 2 && !chosen) continue;
    if (chosen && !values.includes(chosen)) values.push(chosen);
    const id = `filter-${filter.name}`;
    const select = el("select", { id }, el("option", { value: "" }, "all"),
      values.map((value) => el("option", { value, selected: value === chosen }, titleOf.get(value) ? `${value} ${titleOf.get(value)}` : value)));
    select.addEventListener("change", () => change(filter.name, select.value));
    bar.append(el("div", {}, el("label", { for: id }, filter.label), select));
  }
  const clear = el("button", { type: "button" }, "Clear");
  clear.addEventListener("click", () => {
    bar.querySelectorAll("select, input").forEach((field) => { field.value = ""; });
    form.filters.forEach((filter) => state.delete(filter.name));
    change("q", "");
    search.focus();
  });
  bar.append(clear);
  return bar;
}
