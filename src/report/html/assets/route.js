// Which view is shown: the part of the address after `#`. Going back comes back to the same row.

const summary = document.getElementById("view-summary");
const other = document.getElementById("view-other");
const remembered = new Map();
let current = { table: null };
let lastHash = location.hash;

function made(path, query) {
  const [view, ...rest] = path.split("/");
  const name = decode(rest.join("/"));
  if (view in LISTS) return listView(view, query, remembered.get(location.hash));
  const identity = view === "identity" ? identityAddress.find(name) : undefined;
  const finding = view === "finding" ? findingAddress.find(name) : undefined;
  if (identity) return { node: identityPage(identity) };
  if (finding) return { node: findingPage(finding) };
  if (view === "frameworks") return { node: frameworksPage() };
  if (view === "coverage") return { node: coveragePage() };
  return {
    node: el("div", {}, el("h1", { tabindex: "-1" }, "Not in this report"),
      el("p", {}, name || path), el("p", {}, link("#/identities", "All identities"))),
  };
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function show() {
  const whole = location.hash.replace(/^#\/?/, "");
  const cut = whole.indexOf("?");
  const [path, query] = cut < 0 ? [whole, ""] : [whole.slice(0, cut), whole.slice(cut + 1)];
  const isFirst = path === "" || path === "main";
  summary.hidden = !isFirst;
  other.hidden = isFirst;
  const view = isFirst ? { node: summary } : made(path, query);
  if (!isFirst) other.replaceChildren(view.node);
  current = { table: view.table || null };
  if (view.ready) view.ready();
  document.querySelectorAll("nav a").forEach((anchor) => {
    const name = anchor.getAttribute("href").slice(2);
    const of = { identity: "identities", finding: "findings" }[path.split("/")[0]] || path.split("/")[0];
    if (name === (isFirst ? "" : of)) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  });
  const heading = (isFirst ? summary : other).querySelector("h1");
  document.title = `${heading.textContent}, nonhuman`;
  if (!document.activeElement || document.activeElement === document.body) heading.focus({ preventScroll: true });
}

window.addEventListener("hashchange", () => {
  if (current.table) remembered.set(lastHash, { active: current.table.active, scroll: current.table.node.scrollTop });
  lastHash = location.hash;
  window.scrollTo(0, 0);
  if (document.activeElement && document.activeElement !== document.body) document.activeElement.blur();
  show();
});

// Filters change the address without a new view; the row is remembered under the address as it is when one leaves.
function replaceAddress(address) {
  history.replaceState(null, "", address);
  lastHash = location.hash;
}

document.addEventListener("keydown", (event) => {
  const field = document.getElementById("search");
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "/" && field && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    field.focus();
  }
});

window.addEventListener("resize", () => { if (current.table) current.table.render(); });
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("details").forEach((part) => { part.open = true; });
  if (current.table) current.table.render(true);
});
window.addEventListener("afterprint", () => { if (current.table) current.table.render(); });

document.querySelectorAll(".story .picture").forEach((frame) => {
  const identity = identityAddress.find(frame.dataset.identity);
  const figure = identity && picture(identity, true);
  if (figure) frame.append(figure);
});
show();
