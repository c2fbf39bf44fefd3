/// What is known of a device: enough to say how long work takes on it and what fits, without having one.
///
/// Every number says where it comes from and how far to trust it. A number that nobody knows is absent, never made up.
package struct DeviceDescriptor: Sendable, Hashable {
    /// What `--device` takes.
    package var name: String
    /// The product, in a few words.
    package var title: String
    /// What must be known before its numbers are believed.
    package var note: String
    /// What the compiler makes programs for.
    package var target: Target

    /// Bytes of main memory, and the speed of reading and writing it in bytes per second.
    package var memory: Fact
    package var memoryBandwidth: Fact
    /// The share of `memoryBandwidth` that kernels reach which only read weights.
    package var memoryEfficiency: Fact
    /// Seconds until the first bytes that a kernel reads from main memory are there; nil counts none.
    package var memoryLatency: Fact?
    /// Bytes of memory on the chip, and its speed; values that fit stay there between kernels.
    package var onChipMemory: Fact?
    package var onChipBandwidth: Fact?
    /// Operations per second by element type, a multiply and an add being two.
    package var peaks: [Arithmetic: Fact]
    /// The share of `peaks` that large matrix products reach.
    package var computeEfficiency: [Arithmetic: Efficiency]
    /// The same for attention over a paged cache, by the queries that read the same keys: the rows of a sequence times the
    /// query heads for each key head; nil takes that of its arithmetic.
    package var attentionEfficiency: Efficiency?
    /// How much of the shorter of reading and multiplying hides behind the longer, from 0 to 1.
    package var overlap: Fact
    /// Seconds to begin one kernel, and one step of a program.
    package var launch: Fact
    package var step: Fact
    /// Seconds in which the host puts one kernel in the device's queue, while the device works on those before; nil where
    /// nothing is queued.
    package var enqueue: Fact?
    /// Bytes per second from the host's memory and back; nil where they are the same memory.
    package var hostToDevice: Fact?
    package var deviceToHost: Fact?
    /// Money for an hour, in US dollars.
    package var pricePerHour: Fact?
    /// Watts.
    package var power: Fact?

    package init(
        name: String,
        title: String,
        note: String,
        target: Target,
        memory: Fact,
        memoryBandwidth: Fact,
        memoryEfficiency: Fact,
        memoryLatency: Fact? = nil,
        onChipMemory: Fact? = nil,
        onChipBandwidth: Fact? = nil,
        peaks: [Arithmetic: Fact],
        computeEfficiency: [Arithmetic: Efficiency],
        attentionEfficiency: Efficiency? = nil,
        overlap: Fact,
        launch: Fact,
        step: Fact,
        enqueue: Fact? = nil,
        hostToDevice: Fact? = nil,
        deviceToHost: Fact? = nil,
        pricePerHour: Fact? = nil,
        power: Fact? = nil
    ) {
        self.name = name
        self.title = title
        self.note = note
        self.target = target
        self.memory = memory
        self.memoryBandwidth = memoryBandwidth
        self.memoryEfficiency = memoryEfficiency
        self.memoryLatency = memoryLatency
        self.onChipMemory = onChipMemory
        self.onChipBandwidth = onChipBandwidth
        self.peaks = peaks
        self.computeEfficiency = computeEfficiency
        self.attentionEfficiency = attentionEfficiency
        self.overlap = overlap
        self.launch = launch
        self.step = step
        self.enqueue = enqueue
        self.hostToDevice = hostToDevice
        self.deviceToHost = deviceToHost
        self.pricePerHour = pricePerHour
        self.power = power
    }

    /// How numbers are multiplied.
    package enum Arithmetic: String, Sendable, Hashable, Codable, CaseIterable {
        case float32 = "f32"
        case bfloat16 = "bf16"
        case float16 = "f16"
        case int8
        case int4
    }

    /// The share of a peak that kernels reach, with many rows and, where that is known, with fewer.
    package struct Efficiency: Sendable, Hashable, Codable {
        /// The share with so many rows.
        package struct Point: Sendable, Hashable, Codable {
            package var rows: Double
            package var value: Double

            package init(rows: Double, value: Double) {
                self.rows = rows
                self.value = value
            }
        }

        package var value: Double
        package var source: String
        package var confidence: Fact.Confidence
        /// By increasing rows.
        package var byRows: [Point]?
        /// Operations that are worth what a kernel does for each number beside its products: rounding and packing an input
        /// of a row, or the softmax of a score of attention; nil counts none.
        package var perElement: Double?

        private enum CodingKeys: String, CodingKey {
            case value
            case source
            case confidence
            case byRows = "by_rows"
            case perElement = "per_element"
        }

        package init(
            _ value: Double,
            _ source: String,
            _ confidence: Fact.Confidence,
            byRows: [Point]? = nil,
            perElement: Double? = nil
        ) {
            self.value = value
            self.source = source
            self.confidence = confidence
            self.byRows = byRows
            self.perElement = perElement
        }

        /// The share with so many rows.
        ///
        /// Between two known counts the time of a row changes evenly with the rows; above the last the share stays, and below
        /// the first the time stays.
        package func value(rows: Double) -> Double {
            guard let points = byRows, let first = points.first, let last = points.last else { return value }
            if rows <= first.rows { return first.value * max(rows, 1) / first.rows }
            guard let next = points.firstIndex(where: { $0.rows >= rows }) else { return last.value }
            let (low, high) = (points[next - 1], points[next])
            // Times of all rows at both ends, in units of one row at the peak.
            let (lowTime, highTime) = (low.rows / low.value, high.rows / high.value)
            let time = lowTime + (highTime - lowTime) * (rows - low.rows) / (high.rows - low.rows)
            return rows / time
        }
    }

    /// One number, and why it is believed.
    package struct Fact: Sendable, Hashable, Codable {
        package enum Confidence: String, Sendable, Hashable, Codable, CaseIterable {
            /// By this program, on the machine at hand.
            case measured
            /// In the maker's own documents.
            case vendor
            /// By somebody who had the device.
            case thirdParty = "third-party"
            /// Follows from other numbers.
            case derived
            /// Said by an article that names no source.
            case article
            /// A guess that is named as one.
            case assumed
        }

        package var value: Double
        package var source: String
        package var confidence: Confidence

        package init(_ value: Double, _ source: String, _ confidence: Confidence) {
            self.value = value
            self.source = source
            self.confidence = confidence
        }
    }
}

extension DeviceDescriptor {
    /// The speed of multiplying so, and which arithmetic that is: what a device does not have is done in the next wider one
    /// that it has.
    ///
    /// Nil when it has none that will do, which no descriptor from a file is without.
    package func peak(_ arithmetic: Arithmetic) -> (arithmetic: Arithmetic, operations: Double)? {
        let choices: [Arithmetic] =
            switch arithmetic {
            case .int4: [.int4, .int8, .float16, .bfloat16, .float32]
            case .int8: [.int8, .float16, .bfloat16, .float32]
            case .float16: [.float16, .bfloat16, .float32]
            case .bfloat16: [.bfloat16, .float16, .float32]
            case .float32: [.float32, .bfloat16, .float16]
            }
        for choice in choices {
            if let peak = peaks[choice] { return (choice, peak.value) }
        }
        return nil
    }
}
