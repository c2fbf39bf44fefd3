package import DeviceRuntime
package import DeviceSimulation

/// The figures of the article that Kongur answers beside those that the simulator computes, as Markdown: what
/// `docs/article.md` holds, and a test compares with it.
package struct ArticleTable {
    private let devices: [DeviceDescriptor]

    /// Devices of the second table; the article's own comes first.
    private static let shown = ["k20", "a100-40g", "k200", "r200", "r300", "p800"]
    /// VibeThinker-1.5B's shape.
    package static let shape = DecoderShape(
        vocabulary: 151_936,
        hidden: 1536,
        intermediate: 8960,
        layers: 28,
        heads: 12,
        keyValueHeads: 2,
        headDim: 128,
        contextLength: 131_072,
        tiesEmbeddings: true,
        hasQueryKeyValueBias: true
    )

    /// `devices` are all descriptors that there are.
    package init(devices: [DeviceDescriptor]) {
        self.devices = Self.shown.compactMap { name in devices.first { $0.name == name } }
    }

    /// Throws `.invalidInput` when the article's device or the A100 is not among the descriptors.
    package var markdown: String {
        get throws(CapacityError) {
            var plans: [(half: DevicePlan, int8: DevicePlan)] = []
            for device in devices {
                plans.append((try plan(device, .float16), try plan(device, .int8)))
            }
            guard let article = plans.first(where: { $0.half.device == "k20" }),
                let other = plans.first(where: { $0.half.device == "a100-40g" })
            else { throw CapacityError(.invalidInput, "the table needs the descriptors k20 and a100-40g") }
            return summary(article) + "\n" + figures(article, other) + "\n" + beside(plans)
        }
    }

    private func plan(_ device: DeviceDescriptor, _ form: DecoderWork.Form) throws(CapacityError) -> DevicePlan {
        var options = PlanOptions(model: "vibethinker-1.5b", shape: Self.shape)
        options.form = form
        options.workload = .article
        return try CapacityPlanner(options, device: device).plan()
    }

    /// What whoever has a minute wants to know.
    private func summary(_ k20: (half: DevicePlan, int8: DevicePlan)) -> String {
        let (half, int8) = (k20.half, k20.int8)
        let answer = "\(seconds(half.answerOf512Tokens)) in FP16 and \(seconds(int8.answerOf512Tokens)) in INT8"
        let memory = "\(gb(half.memoryBytes)) and \(gb(int8.memoryBytes))"
        let cost = "\(money(half.costPerMillionTokens)) and \(money(int8.costPerMillionTokens))"
        return
            "In short: on the card as the article describes it an answer of 512 tokens takes \(answer), one request needs \(memory) of memory, and a million tokens cost \(cost) at the price that is assumed.\n"
    }

    // MARK: The article's figures

    private func figures(
        _ k20: (half: DevicePlan, int8: DevicePlan),
        _ a100: (half: DevicePlan, int8: DevicePlan)
    ) -> String {
        let (half, int8) = (k20.half, k20.int8)
        let rows: [[String]] = [
            memoryRow(half), answerRow(half, int8), speedRow(half, int8),
            [
                "INT8 loses less than 3 % of accuracy",
                "not a question of the device. Measured with pebble on 600 problems: 552 right in int8, 552 with the stored weights, no loss (`kongur eval`). VibeThinker's own weights have not been evaluated",
                "plausible; not measured for VibeThinker",
            ],
            costRow(half, a100.half), fusionRow(half),
            [
                "the K20 has 32 GB, 1.2 TB/s, 256 TFLOPS, 512 TOPS at 7 nm",
                "no card of that name is publicly known; the nearest by name, the K200 with the chip CK20, has 16 GB, 0.51 TB/s, 64 TFLOPS and 256 TOPS at 14 nm. 256 TFLOPS and 512 TOPS are nearest to what was measured on a P800, 258.7 and 503.5, which has 103 GB at 2.24 TB/s",
                "not a known product",
            ],
        ]
        var lines = ["| the article says | computed for its K20 | verdict |", "|---|---|---|"]
        lines += rows.map { "| \($0.joined(separator: " | ")) |" }
        return lines.joined(separator: "\n") + "\n"
    }

    private func memoryRow(_ half: DevicePlan) -> [String] {
        let memory = half.memory
        let base = memory.weightBytes + memory.workBytes
        let few = (8_000_000_000 - base) / memory.cacheBytesPerToken
        let many = (10_000_000_000 - base) / memory.cacheBytesPerToken
        let parts = "weights \(gb(memory.weightBytes)), values between kernels \(gb(memory.workBytes))"
        let cache = "\(grouped(memory.cacheBytesPerToken)) bytes of cache for each token"
        let isRight = (8_000_000_000...10_000_000_000).contains(half.memoryBytes)
        return [
            "FP16 takes 8 to 10 GB",
            "\(gb(half.memoryBytes)) for one request of 1,024 tokens: \(parts), \(cache). 8 to 10 GB are reached with \(grouped(few)) to \(grouped(many)) tokens in the cache",
            isRight
                ? "reproduced"
                : "refuted for one request; right for \(grouped(few / 1024)) to \(grouped(many / 1024)) such requests at once",
        ]
    }

    private func answerRow(_ half: DevicePlan, _ int8: DevicePlan) -> [String] {
        let answer = half.answerOf512Tokens
        let parts =
            "\(seconds(half.timeToFirstToken)) to the first token, \(seconds(half.timePerOutputToken)) for each one after it"
        return [
            "an answer of 512 tokens in 1 to 3 s",
            "\(seconds(answer)): \(parts); in INT8 \(seconds(int8.answerOf512Tokens))",
            (1...3).contains(answer) ? "reproduced" : answer < 1 ? "refuted: faster" : "refuted: slower",
        ]
    }

    private func speedRow(_ half: DevicePlan, _ int8: DevicePlan) -> [String] {
        let one = half.timePerOutputToken / int8.timePerOutputToken
        let many = ratio(int8.saturatedTokensPerSecond, half.saturatedTokensPerSecond)
        let atOnce = many.map { digits($0) } ?? "-"
        return [
            "INT8 is 1.8 times as fast",
            "\(digits(one)) times for one answer, \(atOnce) times with many at once: the cache, the table of embeddings and the start of kernels do not become smaller. Measured on a processor, where reading weights is all: 1.92 times (`kongur bench`)",
            (1.7...1.9).contains(one) ? "reproduced" : one < 1.7 ? "refuted: less" : "refuted: more",
        ]
    }

    private func costRow(_ half: DevicePlan, _ a100: DevicePlan) -> [String] {
        let cost = ratio(half.costPerMillionTokens, a100.costPerMillionTokens)
        let less = cost.map { "\(digits(100 * abs(1 - $0))) % \($0 < 1 ? "less" : "more")" } ?? "an unknown share less"
        let faster = ratio(a100.tokensPerSecond, half.tokensPerSecond).map { digits($0) } ?? "-"
        let prices = "\(money(half.costPerMillionTokens)) beside \(money(a100.costPerMillionTokens)) a million"
        return [
            "30 to 40 % cheaper than an A100",
            "the article means the price of an hour, which is not published. If that is 35 % less, a token costs \(less) (\(prices)), since the A100 writes \(faster) times as many tokens a second",
            cost.map { (0.6...0.7).contains($0) } ?? false
                ? "follows for a token too, if it holds for an hour"
                : cost.map { $0 < 1 } ?? true
                    ? "an hour's price cannot be checked; a token gains less"
                    : "an hour's price cannot be checked; a token is dearer",
        ]
    }

    private func fusionRow(_ half: DevicePlan) -> [String] {
        let fewer = digits(100 * (1 - Double(half.launchesPerToken) / Double(half.launchesPerTokenUnfused)))
        let faster = digits(half.timePerOutputTokenUnfused / half.timePerOutputToken)
        return [
            "merged QKV and fused norms make kernels fewer",
            "\(half.launchesPerTokenUnfused) kernels for a token without the compiler's fusions, \(half.launchesPerToken) with them, \(fewer) % fewer; a token is then \(faster) times as fast (\(seconds(half.timePerOutputTokenUnfused)) without)",
            "reproduced",
        ]
    }

    // MARK: Beside other cards

    private func beside(_ plans: [(half: DevicePlan, int8: DevicePlan)]) -> String {
        func row(_ label: String, _ value: (DevicePlan) -> String?) -> String {
            let cells = plans.map { pair in
                "\(value(pair.half) ?? "-") / \(value(pair.int8) ?? "-")"
            }
            return "| \(label) | \(cells.joined(separator: " | ")) |"
        }
        let lines = [
            "| FP16 / INT8 | \(plans.map { $0.half.device }.joined(separator: " | ")) |",
            "|---|\(String(repeating: "---|", count: plans.count))",
            row("memory needed for one request, GB") { digits(Double($0.memoryBytes) / 1e9) },
            row("fits") { $0.fits ? "yes" : "no" },
            row("first token after 512, ms") { digits(1000 * $0.timeToFirstToken) },
            row("each token, ms") { digits(1000 * $0.timePerOutputToken) },
            row("answer of 512 tokens, s") { digits($0.answerOf512Tokens) },
            row("tokens/s within 2 s and 0.1 s") { plan in plan.tokensPerSecond.map { grouped(Int($0)) } },
            row("US dollars an hour, assumed") { plan in plan.pricePerHour.map { digits($0) } },
            row("US dollars a million tokens") { plan in plan.costPerMillionTokens.map { digits($0) } },
            row("numbers not verified") { "\($0.unverified.count)" },
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: Numbers

    private func ratio(_ value: Double?, _ other: Double?) -> Double? {
        guard let value, let other, other > 0 else { return nil }
        return value / other
    }

    private func gb(_ bytes: Int) -> String { "\(digits(Double(bytes) / 1e9)) GB" }
    private func money(_ value: Double?) -> String { value.map { "$\(digits($0))" } ?? "an unknown price" }
    private func seconds(_ value: Double) -> String {
        value < 1 ? "\(digits(1000 * value)) ms" : "\(digits(value)) s"
    }

    /// Three digits.
    private func digits(_ value: Double) -> String {
        guard value != 0 else { return "0" }
        var unit = 1.0
        var places = 0
        let size = abs(value)
        while size / unit >= 1000 { unit *= 10 }
        while size * pow10(places) < 100, places < 6 { places += 1 }
        if unit > 1 { return grouped(Int((value / unit).rounded() * unit)) }
        let scaled = Int((value * pow10(places)).rounded())
        var text = String(abs(scaled))
        while text.count <= places { text = "0" + text }
        guard places > 0 else { return (value < 0 ? "-" : "") + text }
        var fraction = String(text.suffix(places))
        while fraction.last == "0" { fraction.removeLast() }
        let whole = String(text.dropLast(places))
        return (value < 0 ? "-" : "") + (fraction.isEmpty ? whole : "\(whole).\(fraction)")
    }

    private func pow10(_ exponent: Int) -> Double { (0..<exponent).reduce(1.0) { power, _ in power * 10 } }

    /// With commas between thousands.
    private func grouped(_ value: Int) -> String {
        var text = String(abs(value))
        var groups: [String] = []
        while text.count > 3 {
            groups.insert(String(text.suffix(3)), at: 0)
            text = String(text.dropLast(3))
        }
        return (value < 0 ? "-" : "") + ([text] + groups).joined(separator: ",")
    }
}
