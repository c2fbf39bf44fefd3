// Figures from the server's metrics.

/** The samples of a text in Prometheus' form: [{name, labels, value}]. Lines that are not samples are passed over. */
export function parseMetrics(text) {
    const samples = [];
    for (const line of text.split("\n")) {
        const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$/.exec(line);
        if (!match) continue;
        const labels = {};
        for (const [, name, value] of (match[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
            labels[name] = value.replace(/\\(.)/g, (_, sign) => (sign === "n" ? "\n" : sign));
        }
        const value = match[3] === "+Inf" ? Infinity : Number(match[3]);
        if (!Number.isNaN(value)) samples.push({ name: match[1], labels, value });
    }
    return samples;
}

/** The seconds of each operation's kernels so far, over all devices. */
function kernelSeconds(samples) {
    const seconds = {};
    for (const { name, labels, value } of samples) {
        if (name !== "kongur_device_kernel_seconds_total") continue;
        seconds[labels.operation] = (seconds[labels.operation] ?? 0) + value;
    }
    return seconds;
}

/** What the live panel shows at one moment, with rates since the moment before. */
export class LiveFigures {
    constructor() { this.before = null; }

    /** Takes a scrape at a time in seconds; null until rates can be told. */
    take(text, time) {
        const samples = parseMetrics(text);
        const sum = (name, labels = {}) => samples
            .filter((sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
            .reduce((total, sample) => total + sample.value, 0);
        const totals = {
            time,
            generated: sum("vllm:generation_tokens_total"),
            prompt: sum("vllm:prompt_tokens_total"),
            cached: sum("vllm:prompt_tokens_cached_total"),
            stepTokens: sum("vllm:iteration_tokens_total_sum"),
            steps: sum("vllm:iteration_tokens_total_count"),
            processor: sum("process_cpu_seconds_total"),
            busy: sum("kongur_device_busy_seconds_total"),
            read: sum("kongur_device_read_bytes_total"),
            kernels: kernelSeconds(samples),
        };
        const before = this.before;
        // A server that began again counts from 0.
        this.before = totals;
        if (!before || time <= before.time || totals.processor < before.processor) return null;
        const grown = (name) => totals[name] - before[name];
        const rate = (name) => grown(name) / (time - before.time);
        const owner = (name) => sum("kongur_device_memory_bytes", { owner: name });
        return {
            time,
            generated: rate("generated"),
            prompt: rate("prompt"),
            running: sum("vllm:num_requests_running"),
            waiting: sum("vllm:num_requests_waiting"),
            batch: grown("steps") > 0 ? grown("stepTokens") / grown("steps") : 0,
            // Of all prompts so far: single ones would jump between nothing and everything.
            hits: totals.prompt > 0 ? totals.cached / totals.prompt : 0,
            cacheUsed: sum("vllm:kv_cache_usage_perc"),
            processor: rate("processor"),
            threads: sum("kongur_device_threads"),
            weights: owner("weights"),
            keys: owner("cache"),
            work: owner("work"),
            resident: sum("process_resident_memory_bytes"),
            devices: samples.filter((sample) => sample.name === "kongur_device_up").length,
            lost: samples.filter((sample) => sample.name === "kongur_device_up" && sample.value === 0).length,
            // Seconds in each second: as many as there are devices, at most.
            busy: rate("busy"),
            read: rate("read"),
            temperature: Math.max(...samples.filter((sample) => sample.name === "kongur_device_temperature_celsius")
                .map((sample) => sample.value)),
            kernels: Object.entries(totals.kernels)
                .map(([operation, seconds]) => [operation, seconds - (before.kernels[operation] ?? 0)])
                .filter(([, seconds]) => seconds > 0).sort((one, other) => other[1] - one[1]),
        };
    }
}
