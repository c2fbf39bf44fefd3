"""What compare.py has measured of one form of weights, as a table and as rows."""

import statistics

# Unit, how to show a value, and whether less is better.
KINDS = {
    "first token": ("s", lambda value: f"{value:.2f}", True),
    "memory": ("bytes", lambda value: f"{value / 1e9:.2f}", True),
    "tokens": ("tokens/s", lambda value: f"{value:.3g}" if value < 1000 else f"{value:.0f}", False),
}
LABELS = {"first token": "start to first token, s", "memory": "peak memory, GB"}


class Results:
    def __init__(self, form, ours):
        self.form, self.ours = form, ours
        self.programs = [ours]
        self.values = {}  # by (test, batch): by program: values
        self.ratios = {}
        self.fractions = {}

    def add(self, test, batch, values, fraction=None):
        """One repetition of one test, with the value of each program; None for one that failed."""
        key, own = (test, batch), values[self.ours]
        less = kind(test)[2]
        for program, value in values.items():
            if value is None:
                continue
            if program not in self.programs:
                self.programs.append(program)
            self.values.setdefault(key, {}).setdefault(program, []).append(value)
            self.ratios.setdefault((key, program), []).append(value / own if less else own / value)
        if fraction is not None:
            self.fractions.setdefault(key, []).append(fraction)

    def rows(self):
        rows = []
        for (test, batch), programs in self.values.items():
            for program, values in programs.items():
                row = {
                    "form": self.form, "test": test, "batch": batch, "program": program, "unit": kind(test)[0],
                    "median": statistics.median(values), "min": min(values), "max": max(values), "repetitions": len(values),
                }
                if program != self.ours:
                    row["kongur_ratio"] = statistics.median(self.ratios[(test, batch), program])
                elif (test, batch) in self.fractions:
                    row["fraction_of_limit"] = statistics.median(self.fractions[test, batch])
                rows.append(row)
        return rows

    def table(self):
        """Markdown: a row for each test, and for each program the median with the smallest and largest, and the ratio."""
        rows = {(row["test"], row["batch"], row["program"]): row for row in self.rows()}
        peers = self.programs[1:]
        lines = [
            f"| {self.form} | {self.ours} | of limit |" + "".join(f" {peer} | |" for peer in peers),
            "|---|---|---|" + "---|---|" * len(peers),
        ]
        for test, batch in self.values:
            label = LABELS.get(test, test if test.startswith("pp") else f"{test}, batch {batch}")
            own = rows[test, batch, self.ours]
            fraction = f"{own['fraction_of_limit']:.0%}" if "fraction_of_limit" in own else ""
            line = f"| {label} | {cell(own)} | {fraction} |"
            for peer in peers:
                row = rows.get((test, batch, peer))
                line += f" {cell(row)} | {row['kongur_ratio']:.2f}x |" if row else " failed | |"
            lines.append(line)
        return "\n".join(lines) + "\n"


def kind(test):
    return KINDS.get(test, KINDS["tokens"])


def cell(row):
    show = kind(row["test"])[1]
    return f"{show(row['median'])} ({show(row['min'])}-{show(row['max'])})"
