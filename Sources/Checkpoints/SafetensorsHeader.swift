import Tensors

/// The table of contents of a safetensors file: eight bytes of length, then JSON, then the tensors' bytes.
///
/// As the format demands, the tensors cover the rest of the file without gaps or overlaps.
struct SafetensorsHeader: Sendable {
    struct Entry: Sendable, Hashable {
        /// As the file spells it: `BF16`, `F32` and so on.
        var dtype: String
        var shape: Shape
        /// Where the bytes stand in the file.
        var range: Range<Int>
    }

    let entries: [String: Entry]

    /// Longest header that the format allows.
    static let maximumByteCount = 100_000_000

    init(file: String, bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
        func malformed(_ reason: String) -> CheckpointError { CheckpointError(.malformed, "\(file): \(reason)") }
        guard bytes.count >= 8 else { throw malformed("\(bytes.count) bytes are too few for a safetensors file") }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(Self.maximumByteCount), Int(length) <= bytes.count - 8 else {
            throw malformed(
                "the header should have \(length) bytes, but the file has \(bytes.count); it is cut off or no safetensors file"
            )
        }
        let dataStart = 8 + Int(length)
        let json: JSON
        do {
            json = try JSONReader.value(of: UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart]))
        } catch {
            throw CheckpointError(.malformed, "\(file): the header is \(error)", cause: error)
        }
        guard case .object(let members) = json else { throw malformed("the header is no JSON object") }
        var entries: [String: Entry] = [:]
        entries.reserveCapacity(members.count)
        for (name, value) in members where name != "__metadata__" {
            do {
                entries[name] = try Entry(value, dataStart: dataStart, fileByteCount: bytes.count)
            } catch {
                throw malformed("tensor '\(name)' \(error.reason)")
            }
        }
        var end = dataStart
        let inOrder = entries.sorted {
            ($0.value.range.lowerBound, $0.value.range.upperBound, $0.key) < (
                $1.value.range.lowerBound, $1.value.range.upperBound, $1.key
            )
        }
        for (name, entry) in inOrder {
            guard entry.range.lowerBound == end else {
                throw malformed(
                    "tensor '\(name)' \(entry.range.lowerBound < end ? "overlaps" : "leaves a gap after") the one before it"
                )
            }
            end = entry.range.upperBound
        }
        guard end == bytes.count else { throw malformed("\(bytes.count - end) bytes at the end belong to no tensor") }
        self.entries = entries
    }
}

extension SafetensorsHeader.Entry {
    struct Fault: Error {
        var reason: String
    }

    fileprivate init(_ json: JSON, dataStart: Int, fileByteCount: Int) throws(Fault) {
        guard case .object(let members) = json, case .string(let dtype) = members["dtype"],
            case .array(let extents) = members["shape"], case .array(let offsets) = members["data_offsets"]
        else { throw Fault(reason: "lacks a dtype, a shape or data_offsets") }
        var dimensions: [Int] = []
        for extent in extents {
            guard case .integer(let dimension) = extent else {
                throw Fault(reason: "has a shape that is not whole numbers")
            }
            dimensions.append(dimension)
        }
        guard offsets.count == 2, case .integer(let begin) = offsets[0], case .integer(let end) = offsets[1],
            begin >= 0, begin <= end
        else { throw Fault(reason: "has data_offsets that are not two whole numbers in order") }
        guard end <= fileByteCount - dataStart else {
            throw Fault(
                reason: "ends \(end - (fileByteCount - dataStart)) bytes past the end of the file, which is cut off"
            )
        }
        let shape = Shape(dimensions)
        guard let count = shape.checkedElementCount else { throw Fault(reason: "has the impossible shape \(shape)") }
        if let width = Self.byteCount(dtype: dtype) {
            guard case let (byteCount, overflow) = count.multipliedReportingOverflow(by: width), !overflow,
                byteCount == end - begin
            else { throw Fault(reason: "of type \(dtype)\(shape) does not fit its \(end - begin) bytes") }
        }
        self.init(dtype: dtype, shape: shape, range: dataStart + begin..<dataStart + end)
    }

    /// The type of the elements, when it is one that Kongur computes with.
    var elementType: ElementType? {
        switch dtype {
        case "F32": .float32
        case "F16": .float16
        case "BF16": .bfloat16
        case "I8": .int8
        case "U8": .uint8
        case "I32": .int32
        case "I64": .int64
        case "BOOL": .bool
        default: nil
        }
    }

    /// Bytes of one element, where the element has whole bytes and the type is known.
    private static func byteCount(dtype: String) -> Int? {
        switch dtype {
        case "BOOL", "I8", "U8", "F8_E4M3", "F8_E5M2", "F8_E8M0": 1
        case "I16", "U16", "F16", "BF16": 2
        case "I32", "U32", "F32": 4
        case "I64", "U64", "F64", "C64": 8
        default: nil
        }
    }
}
