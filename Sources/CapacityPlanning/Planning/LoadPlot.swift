#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Foundation
#endif

/// Draws what devices do under growing load, as SVG: the time to the first token above, tokens a second below.
package struct LoadPlot {
    private let plans: [DevicePlan]
    private let target: Double

    private static let (width, panel, left, right) = (760.0, 240.0, 74.0, 24.0)
    private static let (top, gap, bottom) = (64.0, 56.0, 56.0)
    /// Told apart also by those who see no red and green: Okabe and Ito, 2008.
    private static let colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"]

    /// Of plans with curves; `target` is the time to the first token that should be kept.
    package init(_ plans: [DevicePlan], target: Double) {
        self.plans = plans.filter { !$0.curve.isEmpty }
        self.target = target
    }

    package var svg: String {
        let rates = plans.flatMap { $0.curve.map(\.arrivalRate) }
        let firsts = plans.flatMap { $0.curve.map(Self.first) } + [target]
        let speeds = plans.flatMap { $0.curve.map(\.tokensPerSecond) }
        let height = Self.top + 2 * Self.panel + Self.gap + Self.bottom + 18 * Double((plans.count + 2) / 3)
        let x = Scale(0, Self.ceiling(rates.max() ?? 1), Self.left, Self.width - Self.right)
        let low = Self.decade(firsts.min() ?? 0.01, up: false)
        let high = max(Self.decade(firsts.max() ?? 1, up: true), low * 10)
        let y1 = Scale(log10(low), log10(high), Self.top + Self.panel, Self.top)
        let base = Self.top + Self.panel + Self.gap
        let y2 = Scale(0, Self.ceiling(speeds.max() ?? 1), base + Self.panel, base)
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(Self.width)) \(Int(height))\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#222\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>",
            text(
                Self.left,
                26,
                "\(plans.first?.model ?? ""), \(plans.first?.quantize ?? ""): one replica under load",
                size: 16
            ),
            text(
                Self.left,
                46,
                "workload \(plans.first?.workload.name ?? ""); simulated, no accelerator was used",
                fill: "#666"
            ),
        ]
        parts += axes(x, y1, decadesFrom: low, to: high)
        parts += axes(x, y2, linearFrom: base)
        parts.append(text(Self.left, Self.top - 6, "time to first token, 95th percentile (s)", fill: "#444"))
        parts.append(text(Self.left, base - 6, "tokens per second", fill: "#444"))
        parts.append(
            text(
                (Self.left + Self.width - Self.right) / 2,
                base + Self.panel + 36,
                "requests per second",
                anchor: "middle"
            )
        )
        let level = y1.at(log10(target))
        parts.append(line(Self.left, level, Self.width - Self.right, level, "#999", dashes: "5 4"))
        parts.append(text(Self.width - Self.right, level - 5, "target", anchor: "end", fill: "#777"))
        for (index, plan) in plans.enumerated() {
            let colour = Self.colours[index % Self.colours.count]
            parts.append(curve(plan.curve.map { (x.at($0.arrivalRate), y1.at(log10(Self.first($0)))) }, colour))
            parts.append(curve(plan.curve.map { (x.at($0.arrivalRate), y2.at($0.tokensPerSecond)) }, colour))
            let (column, row) = (Double(index % 3), Double(index / 3))
            let (lx, ly) = (Self.left + column * 215, base + Self.panel + 58 + 18 * row)
            parts.append(line(lx, ly - 4, lx + 22, ly - 4, colour, width: 2))
            parts.append(text(lx + 28, ly, plan.device))
        }
        return parts.joined(separator: "\n") + "\n</svg>\n"
    }

    // MARK: Parts

    /// From values to places on the page.
    private struct Scale {
        let low: Double
        let high: Double
        let from: Double
        let to: Double

        init(_ low: Double, _ high: Double, _ from: Double, _ to: Double) {
            self.low = low
            self.high = high
            self.from = from
            self.to = to
        }

        func at(_ value: Double) -> Double { from + (to - from) * (value - low) / (high - low) }
    }

    private static func first(_ load: DevicePlan.Load) -> Double { max(1e-4, load.timeToFirst["p95"]?.value ?? 1e-4) }

    private func axes(_ x: Scale, _ y: Scale, decadesFrom low: Double, to high: Double) -> [String] {
        var parts = grid(x, y)
        var value = low
        while value <= high * 1.001 {
            parts += tick(y.at(log10(value)), Self.number(value))
            value *= 10
        }
        return parts
    }

    private func axes(_ x: Scale, _ y: Scale, linearFrom base: Double) -> [String] {
        grid(x, y) + (0...4).flatMap { tick(y.at(y.high * Double($0) / 4), Self.number(y.high * Double($0) / 4)) }
    }

    /// The lines and numbers of the rates.
    private func grid(_ x: Scale, _ y: Scale) -> [String] {
        (0...5).flatMap { step in
            let rate = x.high * Double(step) / 5
            return [
                line(x.at(rate), y.from, x.at(rate), y.to, "#eee"),
                text(x.at(rate), y.from + 16, Self.number(rate), anchor: "middle", fill: "#444"),
            ]
        }
    }

    private func tick(_ y: Double, _ label: String) -> [String] {
        [
            line(Self.left, y, Self.width - Self.right, y, "#ddd"),
            text(Self.left - 8, y + 4, label, anchor: "end", fill: "#444"),
        ]
    }

    private func curve(_ points: [(Double, Double)], _ colour: String) -> String {
        let path = points.map { "\(Self.place($0.0)),\(Self.place($0.1))" }.joined(separator: " ")
        let dots = points.map {
            "<circle cx=\"\(Self.place($0.0))\" cy=\"\(Self.place($0.1))\" r=\"3\" fill=\"\(colour)\"/>"
        }
        return "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>" + dots.joined()
    }

    private func line(
        _ x1: Double,
        _ y1: Double,
        _ x2: Double,
        _ y2: Double,
        _ colour: String,
        width: Double = 1,
        dashes: String? = nil
    ) -> String {
        let dashes = dashes.map { " stroke-dasharray=\"\($0)\"" } ?? ""
        return
            "<line x1=\"\(Self.place(x1))\" y1=\"\(Self.place(y1))\" x2=\"\(Self.place(x2))\" y2=\"\(Self.place(y2))\" stroke=\"\(colour)\" stroke-width=\"\(Self.place(width))\"\(dashes)/>"
    }

    private func text(
        _ x: Double,
        _ y: Double,
        _ words: String,
        anchor: String = "start",
        fill: String = "#222",
        size: Int = 12
    ) -> String {
        let safe = words.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        return
            "<text x=\"\(Self.place(x))\" y=\"\(Self.place(y))\" text-anchor=\"\(anchor)\" font-size=\"\(size)\" fill=\"\(fill)\">\(safe)</text>"
    }

    // MARK: Numbers

    private static func place(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
    }

    /// Three digits at most.
    private static func number(_ value: Double) -> String {
        guard value > 0 else { return "0" }
        let unit = decade(value, up: false) / 100
        let rounded = unit >= 1 ? (value / unit).rounded() * unit : (value / unit).rounded() / (1 / unit).rounded()
        return rounded == rounded.rounded() && rounded < 1e15 ? "\(Int(rounded))" : "\(rounded)"
    }

    /// The power of ten at or beside a value.
    private static func decade(_ value: Double, up: Bool) -> Double {
        var power = 1.0
        while power > value { power /= 10 }
        while power * 10 <= value { power *= 10 }
        return up && power < value ? power * 10 : power
    }

    /// A round number at or above a value.
    private static func ceiling(_ value: Double) -> Double {
        let power = decade(max(value, 1e-9), up: false)
        return [1, 1.5, 2, 3, 4, 5, 8, 10].map { $0 * power }.first { $0 >= value } ?? 10 * power
    }
}
