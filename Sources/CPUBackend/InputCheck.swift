import DeviceRuntime
import XIR

/// What an input must satisfy so that no kernel reads or writes outside what there is.
///
/// Names value numbers; one check serves every layer.
enum InputCheck: Hashable {
    /// Every element is in 0..<limit.
    case indices(Int, limit: Int)
    /// Every element numbers a row of another value, whose count a run decides.
    case indicesInto(Int, axisOf: Int)
    /// Every element is below limit; negative ones are skipped by the kernel.
    case slots(Int, limit: Int)
    /// The sequences of a step share out its rows in order, and the blocks of their contexts are there.
    case sequences(starts: Int, lengths: Int, tables: Int, rowsOf: Int, blockSize: Int, blocks: Int)
}

extension KernelBuilder {
    /// The check as a function of a run that says what is wrong, or nil.
    func compiled(_ check: InputCheck) throws(DeviceError) -> (Frame) -> String? {
        func count(_ value: Int) throws(DeviceError) -> Count { try self.count(type(value).extents, program.steps[0]) }
        func name(_ value: Int) -> String {
            if case .input(let position) = program.values[value].place { return program.inputNames[position] }
            return "constant \(value)"
        }
        switch check {
        case .indices(let value, let limit):
            let (count, name) = (try count(value), name(value))
            return { frame in
                let elements = UnsafeBufferPointer(start: frame.integers(value), count: count(frame.symbols))
                guard let bad = elements.firstIndex(where: { $0 < 0 || $0 >= limit }) else { return nil }
                return "\(name)[\(bad)] is \(elements[bad]), outside 0..<\(limit)"
            }
        case .indicesInto(let value, let table):
            let (count, name) = (try count(value), name(value))
            let limit = try self.count(type(table).extents.prefix(1), program.steps[0])
            return { frame in
                let limit = limit(frame.symbols)
                let elements = UnsafeBufferPointer(start: frame.integers(value), count: count(frame.symbols))
                guard let bad = elements.firstIndex(where: { $0 < 0 || $0 >= limit }) else { return nil }
                return "\(name)[\(bad)] is \(elements[bad]), outside 0..<\(limit)"
            }
        case .slots(let value, let limit):
            let (count, name) = (try count(value), name(value))
            return { frame in
                let elements = UnsafeBufferPointer(start: frame.integers(value), count: count(frame.symbols))
                guard let bad = elements.firstIndex(where: { $0 >= limit }) else { return nil }
                return "\(name)[\(bad)] is \(elements[bad]), but the cache has \(limit) slots"
            }
        case .sequences(let starts, let lengths, let tables, let rowsOf, let blockSize, let blocks):
            let sequences = try count(lengths)
            let width = try self.count(type(tables).extents.dropFirst(), program.steps[0])
            let rows = try self.count(type(rowsOf).extents.prefix(1), program.steps[0])
            return { frame in
                let (sequences, width) = (sequences(frame.symbols), width(frame.symbols))
                let starts = frame.integers(starts)
                guard starts[0] == 0, Int(starts[sequences]) == rows(frame.symbols) else {
                    return "the sequences hold rows \(starts[0])..<\(starts[sequences]) of \(rows(frame.symbols))"
                }
                for sequence in 0..<sequences {
                    let own = Int(starts[sequence + 1]) - Int(starts[sequence])
                    let length = Int(frame.integers(lengths)[sequence])
                    guard own >= 0, length >= own, length <= width * blockSize else {
                        return
                            "sequence \(sequence) has \(own) rows and a context of \(length) in \(width) blocks of \(blockSize)"
                    }
                    if own == 0 { continue }
                    let table = frame.integers(tables) + sequence * width
                    for entry in 0..<(length + blockSize - 1) / blockSize
                    where !(0..<blocks).contains(Int(table[entry])) {
                        return
                            "sequence \(sequence): block \(table[entry]) is outside the \(blocks) blocks of the cache"
                    }
                }
                return nil
            }
        }
    }
}
