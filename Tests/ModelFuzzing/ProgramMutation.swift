package import Foundation
import Tensors
import XIR

/// The text of a `program.json` as a tree that can be changed anywhere.
typealias Record = [String: Any]

extension Mutation {
    /// The text of a compiled model's program with some things changed; much of it still loads.
    package mutating func changed(program text: Data) -> Data {
        if chance(8) { return Data(changed(bytes: Array(text))) }
        guard var record = try? JSONSerialization.jsonObject(with: text) as? Record else { return text }
        // Otherwise nothing that changes the weights' file is seen.
        if chance(95) { record["weightsPieces"] = nil }
        for _ in 0...(chance(60) ? 0 : below(3)) {
            switch below(10) {
            case 0...3: insertStep(&record)
            case 4, 5: changeStep(&record)
            case 6: movePlace(&record)
            case 7: changeType(&record)
            default: record = changed(record) as? Record ?? record
            }
        }
        return (try? JSONSerialization.data(withJSONObject: record)) ?? text
    }

    // MARK: Anywhere

    /// A tree with one thing in it changed.
    private mutating func changed(_ value: Any) -> Any {
        switch value {
        case var object as Record where !object.isEmpty:
            let key = one(object.keys.sorted())
            switch below(12) {
            case 0: object[key] = nil
            case 1: object[key] = object[one(object.keys.sorted())]
            case 2: object[key + "x"] = object.removeValue(forKey: key)
            default: object[key] = object[key].map { changed($0) }
            }
            return object
        case var list as [Any] where !list.isEmpty:
            let place = below(list.count)
            switch below(10) {
            case 0: list.remove(at: place)
            case 1: list.insert(list[below(list.count)], at: place)
            case 2: list.swapAt(place, below(list.count))
            case 3: list[place] = list[below(list.count)]
            default: list[place] = changed(list[place])
            }
            return list
        case let text as String: return changed(words: text, [])
        case let number as NSNumber:
            if chance(20) { return number.doubleValue * one([-1, 0.5, 2, 1e10, 1e300, 1e-300]) }
            return self.number(near: number.intValue)
        default: return one(["" as Any, 0, [0], NSNull(), true])
        }
    }

    // MARK: Steps

    private mutating func changeStep(_ record: inout Record) {
        guard var steps = record["steps"] as? [Record], !steps.isEmpty, let values = record["values"] as? [Record]
        else {
            return
        }
        let place = below(steps.count)
        var step = steps[place]
        var operands = step["operands"] as? [Int] ?? []
        switch below(9) {
        case 0: step["operation"] = one(OperationTable.standard.definitions).name
        case 1: steps.swapAt(place, below(steps.count))
        case 2:
            steps.remove(at: place)
            record["steps"] = steps
            return
        case 3 where !operands.isEmpty: operands[below(operands.count)] = below(values.count)
        case 4 where !operands.isEmpty: operands.swapAt(below(operands.count), below(operands.count))
        case 5 where !operands.isEmpty: operands.append(one(operands))
        case 6: step["attributes"] = steps[below(steps.count)]["attributes"]
        case 7 where !operands.isEmpty:
            // Another value of the same type.
            let chosen = below(operands.count)
            guard values.indices.contains(operands[chosen]) else { return }
            let type = values[operands[chosen]]["type"] as? String
            operands[chosen] = one(values.indices.filter { values[$0]["type"] as? String == type })
        default:
            step["attributes"] = changed(step["attributes"] ?? Record())
        }
        step["operands"] = operands
        steps[place] = step
        record["steps"] = steps
    }

    /// Moves an intermediate value to where another one is, or a little.
    private mutating func movePlace(_ record: inout Record) {
        guard var values = record["values"] as? [Record], !values.isEmpty else { return }
        let place = below(values.count)
        let other = one(values)["place"] as? String ?? ""
        let words = other.split(separator: " ")
        if chance(50), words.count == 2, let number = Int(words[1]) {
            let near = words[0] == "arena" ? number &+ 64 &* (below(9) - 4) : self.number(near: number)
            values[place]["place"] = "\(words[0]) \(near)"
        } else {
            values[place]["place"] = other
        }
        record["values"] = values
    }

    /// Gives all values of a type another one.
    private mutating func changeType(_ record: inout Record) {
        guard var values = record["values"] as? [Record], !values.isEmpty else { return }
        let old = one(values)["type"] as? String ?? ""
        let new = chance(50) ? one(values)["type"] as? String ?? "" : changed(words: old, [])
        if chance(50) {
            values[below(values.count)]["type"] = new
        } else {
            for index in values.indices where values[index]["type"] as? String == old { values[index]["type"] = new }
        }
        record["values"] = values
    }

    // MARK: A step more

    /// Adds a step whose operands and attributes keep its constraints, with a place for what it makes.
    private mutating func insertStep(_ record: inout Record) {
        guard var steps = record["steps"] as? [Record], var values = record["values"] as? [Record],
            var end = record["arenaByteCount"] as? Int, end >= 0, end < 1 << 40,
            let limits = record["limits"] as? [String: Int]
        else { return }
        let types = values.map { ValueType(parsing: $0["type"] as? String ?? "") }
        let extents = types.compactMap { $0?.extents }.flatMap { $0 }
        guard !extents.isEmpty else { return }
        for _ in 0..<400 {
            let definition = chance(70) ? one(Self.common) : one(OperationTable.standard.definitions)
            let count =
                definition.requiredOperands
                + below(definition.operands.count - definition.requiredOperands + (definition.variadic ? 3 : 1))
            let operands = (0..<count).map { _ in below(values.count) }
            let operandTypes = operands.compactMap { types[$0] }
            guard operandTypes.count == count else { continue }
            var attributes: [String: Attribute] = [:]
            for rule in definition.attributes where rule.required || chance(50) {
                attributes[rule.name] = attribute(rule, operandTypes, extents)
            }
            let operation = Operation(definition.name, [], results: [], attributes: attributes)
            guard let results = try? definition.infer(operandTypes, operation), !results.isEmpty else { continue }
            var numbers: [Int] = []
            var places: [String] = []
            let own = results.count - definition.updates.count
            for (index, type) in results.enumerated() {
                numbers.append(values.count + index)
                if index >= own {
                    places.append(values[operands[definition.updates[index - own]]]["place"] as? String ?? "")
                    continue
                }
                // What has no size at the limits is refused; some of it anyway.
                guard let byteCount = type.bound(limits)?.byteCount ?? (chance(10) ? 64 : nil), byteCount < 1 << 24
                else {
                    break
                }
                end = (end + 63) / 64 * 64
                places.append("arena \(end)")
                end += byteCount
            }
            guard places.count == results.count else { continue }
            for (type, place) in zip(results, places) { values.append(["type": type.description, "place": place]) }
            steps.insert(
                [
                    "operation": definition.name, "operands": operands, "results": numbers,
                    "attributes": attributes.mapValues(Self.record),
                ],
                at: below(steps.count + 1)
            )
            // Sometimes what is made is used.
            if chance(40), let first = results.first {
                let readers = steps.indices.filter { index in
                    (steps[index]["operands"] as? [Int] ?? []).contains {
                        types.indices.contains($0) && types[$0] == first
                    }
                }
                if !readers.isEmpty {
                    let reader = one(readers)
                    steps[reader]["operands"] = (steps[reader]["operands"] as? [Int] ?? []).map {
                        types.indices.contains($0) && types[$0] == first ? numbers[0] : $0
                    }
                }
            }
            record["steps"] = steps
            record["values"] = values
            record["arenaByteCount"] = end
            return
        }
    }

    /// Operations that have kernels.
    private static let common = [
        "slice", "slice", "slice", "reshape", "gather", "cast", "linear", "rms_norm", "add_rms_norm", "softmax",
        "rotary",
        "cache_write", "rotary_cache_write", "paged_attention", "swiglu", "silu", "exp", "add", "mul", "packed_linear",
        "packed_swiglu", "packed_embedding", "embedding", "concat", "transpose", "broadcast_to", "quantized_linear",
    ].compactMap { OperationTable.standard[$0] }

    private mutating func attribute(
        _ rule: OperationDefinition.AttributeRule,
        _ operands: [ValueType],
        _ extents: [Extent]
    ) -> Attribute {
        switch rule.kind {
        case .integer: return .integer(chance(90) ? one([0, 1, -1, 2, 3, 4, 6, 8, 16, 32, 64, 128]) : number(near: 1))
        case .float: return .float(one([1, 0, -1, 0.18, 1e-6, 1e300]))
        case .bool: return .bool(chance(50))
        case .string: return .string(one(["int8", "int4", "bf16", ""]))
        case .elementType: return .elementType(one(ElementType.allCases))
        case .integers: return .integers((0..<below(4)).map { _ in below(4) })
        case .extents:
            let own = operands.first?.extents ?? []
            if rule.name == "shape" {
                // Another order or other groups of the same lengths, or any.
                if chance(60) { return .extents(own.shuffled(using: &random)) }
                return .extents((0..<below(4)).map { _ in one(extents) })
            }
            let length = one(own.isEmpty ? extents : own)
            let falling = Extent(below(2000)) - one(extents) * below(5)
            return .extents([one([0, 1, length, length - 1, length - 2, falling, one(extents), Extent(below(300))])])
        }
    }

    private static func record(_ attribute: Attribute) -> Any {
        switch attribute {
        case .integer(let value): ["integer": value]
        case .float(let value): ["float": value]
        case .bool(let value): ["bool": value]
        case .string(let value): ["string": value]
        case .elementType(let value): ["elementType": value.rawValue]
        case .integers(let values): ["integers": values]
        case .extents(let extents): ["extents": extents.map(\.description)]
        }
    }
}
