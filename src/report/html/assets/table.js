// A table of any length: only the rows in sight are in the page. Sorts by its heads, moves by arrow keys.

const ROW = 60;
const AHEAD = 10;
const ON_PAPER = 1000;

class LongTable {
  // columns: {name, title, value: row => sort key, cell: row => node or text, down: whether it sorts down first}
  constructor({ label, columns, sort, address, severity, onSort }) {
    Object.assign(this, { columns, address, severity, onSort, sort, all: [], shown: [], active: 0, range: "" });
    this.heads = columns.map((column) => this.head(column));
    this.body = el("tbody");
    this.table = el("table", { class: "long" }, el("caption", { class: "unseen" }, label),
      el("thead", {}, el("tr", {}, this.heads)), this.body);
    this.node = el("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": label }, this.table);
    this.node.addEventListener("scroll", () => requestAnimationFrame(() => this.render()), { passive: true });
    this.body.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("focusin", (event) => this.focused(event));
    this.body.addEventListener("click", (event) => this.click(event));
  }

  head(column) {
    const button = el("button", { type: "button" }, column.title, el("span", { class: "mark", "aria-hidden": "true" }));
    button.addEventListener("click", () => {
      const down = this.sort.name === column.name ? !this.sort.down : Boolean(column.down);
      this.sort = { name: column.name, down };
      this.order();
      this.onSort(this.sort);
      say(`Sorted by ${column.title}, ${down ? "descending" : "ascending"}`);
    });
    return el("th", { scope: "col", class: `col-${column.name}`, "data-column": column.name }, button);
  }

  show(rows) {
    this.all = rows;
    this.order();
  }

  // Rows of equal keys stay in the order in which the report has them: the worst first.
  order() {
    const column = this.columns.find((one) => one.name === this.sort.name) || this.columns[0];
    const keys = new Map(this.all.map((row) => [row, column.value(row)]));
    const by = (a, b) => {
      const [left, right] = [keys.get(a), keys.get(b)];
      const order = typeof left === "number" ? left - right : collator.compare(left, right);
      return (this.sort.down ? -order : order) || a.index - b.index;
    };
    this.shown = [...this.all].sort(by);
    this.heads.forEach((head) => {
      const is = head.dataset.column === column.name;
      head.setAttribute("aria-sort", is ? (this.sort.down ? "descending" : "ascending") : "none");
    });
    this.table.setAttribute("aria-rowcount", this.shown.length + 1);
    this.active = 0;
    this.node.scrollTop = 0;
    this.range = "";
    this.render();
  }

  render(everything = false) {
    const inSight = Math.ceil((this.node.clientHeight || 600) / ROW);
    const first = everything ? 0 : Math.max(0, Math.floor(this.node.scrollTop / ROW) - AHEAD);
    const last = Math.min(this.shown.length, everything ? ON_PAPER : first + inSight + 2 * AHEAD);
    const range = `${first} ${last}`;
    if (range === this.range) return;
    this.range = range;
    const held = this.body.contains(document.activeElement);
    const top = this.node.scrollTop;
    const rows = this.shown.slice(first, last).map((row, position) => this.row(row, first + position));
    const cut = everything && this.shown.length > last
      ? el("tr", {}, el("td", { class: "none" }, `… and ${many(this.shown.length - last, "more row", "more rows")}: filter the table, or use --format csv.`))
      : null;
    const below = everything ? null : this.space((this.shown.length - last) * ROW);
    this.body.replaceChildren(...[this.space(first * ROW), ...rows, below, cut].filter(Boolean));
    if (!this.shown.length) {
      this.body.append(el("tr", {}, el("td", { class: "none" }, "Nothing matches these filters.")));
    }
    // While the rows are exchanged the table is short for a moment, and a browser may scroll it up.
    if (!everything && this.node.scrollTop !== top) this.node.scrollTop = top;
    if (held) this.focus();
  }

  space(height) {
    const cell = el("td");
    const row = el("tr", { class: "space", "aria-hidden": "true" }, cell);
    cell.style.height = `${height}px`;
    row.hidden = height === 0;
    return row;
  }

  row(row, position) {
    const cells = this.columns.map((column) => el("td", { class: `col-${column.name}` }, column.cell(row)));
    const made = el("tr", { "aria-rowindex": position + 2, "data-row": position, "data-severity": this.severity(row) }, cells);
    const anchor = made.querySelector("a");
    if (anchor) anchor.tabIndex = position === this.active ? 0 : -1;
    return made;
  }

  focused(event) {
    const row = event.target.closest("tr[data-row]");
    if (!row) return;
    this.active = Number(row.dataset.row);
    this.body.querySelectorAll("tr[data-row] a").forEach((anchor) => {
      anchor.tabIndex = anchor.closest("tr") === row ? 0 : -1;
    });
  }

  focus() {
    const anchor = this.body.querySelector(`tr[data-row="${this.active}"] a`);
    if (anchor) anchor.focus({ preventScroll: true });
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.node.clientHeight / ROW) - 2);
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.go(Math.min(this.shown.length - 1, Math.max(0, this.active + moves[event.key])));
  }

  // Makes a row the active one and brings it into sight, below the head that stays.
  go(position) {
    this.active = position;
    const head = this.table.tHead.offsetHeight;
    const [top, bottom] = [position * ROW, (position + 1) * ROW + head];
    if (top < this.node.scrollTop) this.node.scrollTop = top;
    else if (bottom > this.node.scrollTop + this.node.clientHeight) this.node.scrollTop = bottom - this.node.clientHeight;
    this.render();
    this.focus();
  }

  // A click anywhere in a row opens it, unless it marks text.
  click(event) {
    const row = event.target.closest("tr[data-row]");
    if (!row || event.target.closest("a") || String(getSelection())) return;
    location.hash = this.address(this.shown[Number(row.dataset.row)]);
  }
}
