#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

extension DeviceDescriptor {
    /// Reads a descriptor's JSON: `name`, `title`, `note`, `target`, and numbers as
    /// `{"value": 1.2e12, "source": "where it is from", "confidence": "vendor"}`.
    ///
    /// `file` is named in errors. Throws `.invalidDescriptor` that says which field is wrong, and how it should be.
    package init(json: Data, file: String) throws(DeviceError) {
        do {
            self = try JSONDecoder().decode(DescriptorRecord.self, from: json).descriptor()
        } catch let error as DescriptorRecord.Fault {
            throw DeviceError(.invalidDescriptor, "\(file): \(error.reason)")
        } catch let error as DecodingError {
            throw DeviceError(.invalidDescriptor, "\(file): \(error.place)", cause: error)
        } catch {
            throw DeviceError(.invalidDescriptor, "\(file): \(error.systemReason)", cause: error)
        }
    }

    /// The same descriptor is the same text, always.
    package var json: Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // Strings and finite numbers alone, which always can be written.
        return (try? encoder.encode(DescriptorRecord(self))) ?? Data()
    }
}

/// A descriptor as a file has it.
private struct DescriptorRecord: Codable {
    struct Fault: Error {
        var reason: String
    }

    var name: String
    var title: String
    var note: String?
    var target: Target
    var facts: [String: DeviceDescriptor.Fact] = [:]
    var peaks: [String: DeviceDescriptor.Fact]
    var computeEfficiency: [String: DeviceDescriptor.Efficiency]
    var attentionEfficiency: DeviceDescriptor.Efficiency?

    private static let words = ["name", "title", "note", "target"]
    private static let tables = ["peak_operations_per_s", "compute_efficiency", "attention_efficiency"]
    /// The numbers that a descriptor cannot do without, and the range of each.
    private static let required: [String: ClosedRange<Double>] = [
        "memory_bytes": 1...1e15, "memory_bytes_per_s": 1...1e15, "memory_efficiency": 0.01...1, "overlap": 0...1,
        "launch_s": 0...1, "step_s": 0...1,
    ]
    private static let optional: [String: ClosedRange<Double>] = [
        "on_chip_bytes": 1...1e15, "on_chip_bytes_per_s": 1...1e16, "host_to_device_bytes_per_s": 1...1e15,
        "device_to_host_bytes_per_s": 1...1e15, "enqueue_s": 0...1, "memory_latency_s": 0...1,
        "price_per_hour": 0...1e6, "power_w": 0...1e6,
    ]

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        name = try container.decode(String.self, forKey: Key("name"))
        title = try container.decode(String.self, forKey: Key("title"))
        note = try container.decodeIfPresent(String.self, forKey: Key("note"))
        target = try container.decode(Target.self, forKey: Key("target"))
        peaks = try container.decode([String: DeviceDescriptor.Fact].self, forKey: Key(Self.tables[0]))
        computeEfficiency = try container.decode(
            [String: DeviceDescriptor.Efficiency].self,
            forKey: Key(Self.tables[1])
        )
        attentionEfficiency = try container.decodeIfPresent(
            DeviceDescriptor.Efficiency.self,
            forKey: Key(Self.tables[2])
        )
        for key in container.allKeys where !(Self.words + Self.tables).contains(key.stringValue) {
            guard (Self.required[key.stringValue] ?? Self.optional[key.stringValue]) != nil else {
                let known = (Self.words + Self.tables + Self.required.keys + Self.optional.keys).sorted()
                throw Fault(
                    reason: "there is no field '\(key.stringValue)'; there are \(known.joined(separator: ", "))"
                )
            }
            facts[key.stringValue] = try container.decode(DeviceDescriptor.Fact.self, forKey: key)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: Key("name"))
        try container.encode(title, forKey: Key("title"))
        try container.encodeIfPresent(note, forKey: Key("note"))
        try container.encode(target, forKey: Key("target"))
        try container.encode(peaks, forKey: Key(Self.tables[0]))
        try container.encode(computeEfficiency, forKey: Key(Self.tables[1]))
        try container.encodeIfPresent(attentionEfficiency, forKey: Key(Self.tables[2]))
        for (key, fact) in facts { try container.encode(fact, forKey: Key(key)) }
    }

    init(_ descriptor: DeviceDescriptor) {
        name = descriptor.name
        title = descriptor.title
        note = descriptor.note.isEmpty ? nil : descriptor.note
        target = descriptor.target
        peaks = Dictionary(uniqueKeysWithValues: descriptor.peaks.map { ($0.rawValue, $1) })
        computeEfficiency = Dictionary(uniqueKeysWithValues: descriptor.computeEfficiency.map { ($0.rawValue, $1) })
        attentionEfficiency = descriptor.attentionEfficiency
        let all: [String: DeviceDescriptor.Fact?] = [
            "memory_bytes": descriptor.memory, "memory_bytes_per_s": descriptor.memoryBandwidth,
            "memory_efficiency": descriptor.memoryEfficiency, "overlap": descriptor.overlap,
            "launch_s": descriptor.launch, "step_s": descriptor.step, "on_chip_bytes": descriptor.onChipMemory,
            "on_chip_bytes_per_s": descriptor.onChipBandwidth, "host_to_device_bytes_per_s": descriptor.hostToDevice,
            "device_to_host_bytes_per_s": descriptor.deviceToHost, "price_per_hour": descriptor.pricePerHour,
            "power_w": descriptor.power, "enqueue_s": descriptor.enqueue,
            "memory_latency_s": descriptor.memoryLatency,
        ]
        facts = all.compactMapValues(\.self)
    }

    func descriptor() throws(Fault) -> DeviceDescriptor {
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isNameByte) else {
            throw Fault(reason: "'name' is '\(name)'; it is made of small letters, digits, '-' and '.'")
        }
        for (key, fact) in facts {
            guard let range = Self.required[key] ?? Self.optional[key] else { continue }
            try check(key, fact, range)
        }
        func fact(_ key: String) throws(Fault) -> DeviceDescriptor.Fact {
            guard let fact = facts[key] else { throw Fault(reason: "'\(key)' is missing") }
            return fact
        }
        let peaks = try table(peaks, Self.tables[0], 1...1e18)
        guard !peaks.isEmpty else {
            throw Fault(reason: "'\(Self.tables[0])' is empty; it needs one of f32, bf16, f16, int8")
        }
        var efficiency: [DeviceDescriptor.Arithmetic: DeviceDescriptor.Efficiency] = [:]
        for (key, share) in computeEfficiency {
            efficiency[try arithmetic(key, Self.tables[1])] = share
            try check("\(Self.tables[1]).\(key)", share)
        }
        for arithmetic in peaks.keys where efficiency[arithmetic] == nil {
            throw Fault(reason: "'\(Self.tables[1])' has no '\(arithmetic.rawValue)', but '\(Self.tables[0])' has")
        }
        if let attentionEfficiency { try check(Self.tables[2], attentionEfficiency) }
        guard (facts["on_chip_bytes"] == nil) == (facts["on_chip_bytes_per_s"] == nil) else {
            throw Fault(reason: "'on_chip_bytes' and 'on_chip_bytes_per_s' go together")
        }
        return DeviceDescriptor(
            name: name,
            title: title,
            note: note ?? "",
            target: target,
            memory: try fact("memory_bytes"),
            memoryBandwidth: try fact("memory_bytes_per_s"),
            memoryEfficiency: try fact("memory_efficiency"),
            memoryLatency: facts["memory_latency_s"],
            onChipMemory: facts["on_chip_bytes"],
            onChipBandwidth: facts["on_chip_bytes_per_s"],
            peaks: peaks,
            computeEfficiency: efficiency,
            attentionEfficiency: attentionEfficiency,
            overlap: try fact("overlap"),
            launch: try fact("launch_s"),
            step: try fact("step_s"),
            enqueue: facts["enqueue_s"],
            hostToDevice: facts["host_to_device_bytes_per_s"],
            deviceToHost: facts["device_to_host_bytes_per_s"],
            pricePerHour: facts["price_per_hour"],
            power: facts["power_w"]
        )
    }

    private func table(_ facts: [String: DeviceDescriptor.Fact], _ name: String, _ range: ClosedRange<Double>)
        throws(Fault)
        -> [DeviceDescriptor.Arithmetic: DeviceDescriptor.Fact]
    {
        var table: [DeviceDescriptor.Arithmetic: DeviceDescriptor.Fact] = [:]
        for (key, fact) in facts {
            try check("\(name).\(key)", fact, range)
            table[try arithmetic(key, name)] = fact
        }
        return table
    }

    private func arithmetic(_ key: String, _ name: String) throws(Fault) -> DeviceDescriptor.Arithmetic {
        guard let arithmetic = DeviceDescriptor.Arithmetic(rawValue: key) else {
            let known = DeviceDescriptor.Arithmetic.allCases.map(\.rawValue).joined(separator: ", ")
            throw Fault(reason: "'\(name)' has no '\(key)'; there are \(known)")
        }
        return arithmetic
    }

    private func check(_ key: String, _ share: DeviceDescriptor.Efficiency) throws(Fault) {
        let range = 1e-6...1.0
        try check(key, DeviceDescriptor.Fact(share.value, share.source, share.confidence), range)
        var rows = 0.0
        for point in share.byRows ?? [] {
            guard point.rows > rows, point.rows <= 1e6, range.contains(point.value) else {
                throw Fault(reason: "'\(key).by_rows' is a list of rows that grow, from 1 on, with shares up to 1")
            }
            rows = point.rows
        }
        guard (0...1e6).contains(share.perElement ?? 0) else {
            throw Fault(reason: "'\(key).per_element' is \(share.perElement ?? 0); it is from 0 to 1000000")
        }
    }

    private func check(_ key: String, _ fact: DeviceDescriptor.Fact, _ range: ClosedRange<Double>) throws(Fault) {
        guard range.contains(fact.value) else {
            throw Fault(reason: "'\(key)' is \(fact.value); it is from \(range.lowerBound) to \(range.upperBound)")
        }
        guard !fact.source.isEmpty else { throw Fault(reason: "'\(key)' has no source; say where the number is from") }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
