import PrometheusMetrics
import Testing

@Suite struct MetricsRegistryTests {
    /// The whole text, since scrapers read it letter by letter.
    @Test func textIsPrometheusFormat() {
        let registry = MetricsRegistry()
        let tokens = registry.counter(
            "vllm:prompt_tokens_total",
            "Tokens of prompts.",
            labels: ["model_name", "engine"]
        )
        tokens["a \"quoted\\name\"\n", "0"].increment(by: 12)
        tokens["a \"quoted\\name\"\n", "0"].increment(by: 0.5)
        tokens["B", "0"].increment()
        let running = registry.gauge("running", "Line one\nand \\ two.")
        running[].set(-3)
        let seconds = registry.histogram("seconds", "Time.", labels: ["model"], buckets: [0.001, 0.5, 10])
        for value in [0.0005, 0.001, 0.4, 11] { seconds["m"].observe(value) }
        seconds["m"].observe(2, count: 3)
        #expect(
            registry.text() == """
                # HELP vllm:prompt_tokens_total Tokens of prompts.
                # TYPE vllm:prompt_tokens_total counter
                vllm:prompt_tokens_total{model_name="B",engine="0"} 1
                vllm:prompt_tokens_total{model_name="a \\"quoted\\\\name\\"\\n",engine="0"} 12.5
                # HELP running Line one\\nand \\\\ two.
                # TYPE running gauge
                running -3
                # HELP seconds Time.
                # TYPE seconds histogram
                seconds_bucket{model="m",le="0.001"} 2
                seconds_bucket{model="m",le="0.5"} 3
                seconds_bucket{model="m",le="10.0"} 6
                seconds_bucket{model="m",le="+Inf"} 7
                seconds_sum{model="m"} 17.4015
                seconds_count{model="m"} 7

                """
        )
    }

    @Test func metricsWithoutLabelsAreThereBeforeTheyAreUsed() {
        let registry = MetricsRegistry()
        _ = registry.counter("a_total", "A.")
        _ = registry.histogram("h", "H.", buckets: [1])
        #expect(registry.text().contains("\na_total 0\n"))
        #expect(registry.text().contains("h_bucket{le=\"1.0\"} 0\n") && registry.text().contains("h_count 0\n"))
    }

    @Test func numbersThatAreNoneAreWritten() {
        let registry = MetricsRegistry()
        let gauge = registry.gauge("g", "G.", labels: ["k"])
        gauge["1"].set(.nan)
        gauge["2"].set(.infinity)
        gauge["3"].set(-.infinity)
        gauge["4"].set(1e300)
        let lines = registry.text().split(separator: "\n").suffix(4).map { $0.split(separator: " ")[1] }
        #expect(lines == ["NaN", "+Inf", "-Inf", "1e+300"])
    }

    @Test func scrapesSeeWhatIsTrueThen() {
        let registry = MetricsRegistry()
        let gauge = registry.gauge("g", "G.")
        let counter = registry.counter("scrapes_total", "S.")
        registry.onScrape {
            counter[].increment()
            gauge[].set(7)
        }
        #expect(registry.text().contains("\ng 7\n") && registry.text().contains("\nscrapes_total 2\n"))
    }

    @Test func countingAtOnceLosesNothing() async {
        let registry = MetricsRegistry()
        let (counter, histogram) = (
            registry.counter("c_total", "C.", labels: ["k"]), registry.histogram("h", "H.", buckets: [1, 2])
        )
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<1000 {
                        counter["\(number % 3)"].increment()
                        histogram[].observe(Double(task % 3))
                        if number % 100 == 0 { _ = registry.text() }
                    }
                }
            }
        }
        let text = registry.text()
        #expect(text.contains("c_total{k=\"0\"} 2672\n") && text.contains("c_total{k=\"2\"} 2664\n"))
        #expect(text.contains("h_bucket{le=\"1.0\"} 6000\n") && text.contains("h_count 8000\n"))
    }
}
