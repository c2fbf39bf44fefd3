#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An immutable, contiguous, row-major array of numbers over shared storage.
///
/// Copying a tensor copies a reference. Weights are tensors over a mapped checkpoint.
package struct Tensor: Sendable {
    package let type: TensorType
    package let storage: Storage
    /// Where the first element stands in `storage`.
    package let byteOffset: Int

    /// A view of `storage` from `byteOffset`.
    ///
    /// Throws `.sizeMismatch` for a shape whose size does not fit in memory and `.outOfBounds` when the storage is
    /// too short.
    package init(_ type: TensorType, storage: Storage, byteOffset: Int = 0) throws(TensorError) {
        guard let count = type.shape.checkedElementCount,
            case let (byteCount, overflow) = count.multipliedReportingOverflow(by: type.elementType.byteCount),
            !overflow
        else {
            throw TensorError(.sizeMismatch, "shape \(type.shape) is too large for a tensor")
        }
        guard byteOffset >= 0, byteOffset <= storage.byteCount, byteCount <= storage.byteCount - byteOffset else {
            throw TensorError(
                .outOfBounds,
                "\(type) needs \(byteCount) bytes at offset \(byteOffset), but there are \(storage.byteCount)"
            )
        }
        self.type = type
        self.storage = storage
        self.byteOffset = byteOffset
    }

    init(unchecked type: TensorType, storage: Storage, byteOffset: Int) {
        self.type = type
        self.storage = storage
        self.byteOffset = byteOffset
    }

    package var shape: Shape { type.shape }
    package var elementType: ElementType { type.elementType }
    package var elementCount: Int { type.shape.elementCount }
    package var byteCount: Int { type.byteCount }

    /// Calls `body` with the elements' bytes, which stay valid for the call alone.
    package func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: storage.base + byteOffset, count: byteCount))
    }

    /// Calls `body` with the bytes in pieces, front to back, for reading them once.
    ///
    /// The memory of a mapped file is given back after each piece, so that passing through a large file holds little
    /// of it.
    package func forEachPiece<Failure: Error>(_ body: (UnsafeRawBufferPointer) throws(Failure) -> Void)
        throws(Failure)
    {
        let step = 32 << 20
        var start = 0
        while start < byteCount {
            let end = min(start + step, byteCount)
            try body(UnsafeRawBufferPointer(start: storage.base + byteOffset + start, count: end - start))
            storage.discardPages(byteOffset + start..<byteOffset + end)
            start = end
        }
    }

    /// Gives back the memory of a mapped file's pages that hold the elements, which are read again when touched.
    package func discard() { storage.discardPages(byteOffset..<byteOffset + byteCount) }

    /// Some rows, the slices along the first axis, over the same storage.
    ///
    /// `range` must be within the first axis.
    package func rows(_ range: Range<Int>) -> Tensor {
        precondition(range.lowerBound >= 0 && range.upperBound <= shape[0])
        let rest = Array(shape.dimensions.dropFirst())
        let rowByteCount = rest.reduce(elementType.byteCount, *)
        return Tensor(
            unchecked: TensorType(elementType, Shape([range.count] + rest)),
            storage: storage,
            byteOffset: byteOffset + range.lowerBound * rowByteCount
        )
    }

    /// The same elements under another shape of the same size.
    package func reshaped(_ shape: Shape) throws(TensorError) -> Tensor {
        guard shape.checkedElementCount == elementCount else {
            throw TensorError(.sizeMismatch, "cannot see \(type) as shape \(shape): the sizes differ")
        }
        return Tensor(unchecked: TensorType(elementType, shape), storage: storage, byteOffset: byteOffset)
    }
}

extension Tensor {
    /// A float32 tensor with the given elements in row-major order; there must be as many as the shape asks for.
    package init(_ values: [Float], _ shape: Shape) {
        self.init(copying: values, .float32, shape)
    }

    /// An int64 tensor with the given elements.
    package init(_ values: [Int64], _ shape: Shape) {
        self.init(copying: values, .int64, shape)
    }

    /// An int32 tensor with the given elements.
    package init(_ values: [Int32], _ shape: Shape) {
        self.init(copying: values, .int32, shape)
    }

    /// A bool tensor with the given elements.
    package init(_ values: [Bool], _ shape: Shape) {
        self.init(copying: values.map { $0 ? UInt8(1) : 0 }, .bool, shape)
    }

    private init<Element: BitwiseCopyable>(copying values: [Element], _ elementType: ElementType, _ shape: Shape) {
        precondition(values.count == shape.elementCount, "\(values.count) values for shape \(shape)")
        var tensor = MutableTensor(TensorType(elementType, shape))
        tensor.withMutableBytes { bytes in
            values.withUnsafeBytes { bytes.copyMemory(from: $0) }
        }
        self = tensor.freeze()
    }

    /// Every element as float32, whatever the element type; int64 rounds.
    ///
    /// Costs a copy.
    package var floats: [Float] {
        withBytes { bytes in
            switch elementType {
            case .float32: load(bytes, Float.self) { $0 }
            case .float16: load(bytes, UInt16.self) { Half.float(bitPattern: $0) }
            case .bfloat16: load(bytes, UInt16.self) { BFloat16(bitPattern: $0).float }
            case .int8: load(bytes, Int8.self) { Float($0) }
            case .uint8, .bool: load(bytes, UInt8.self) { Float($0) }
            case .int32: load(bytes, Int32.self) { Float($0) }
            case .int64: load(bytes, Int64.self) { Float($0) }
            }
        }
    }

    /// One row of a floating-point matrix as float32, into an array as long as the row.
    package func copyRow(_ row: Int, to values: inout [Float]) {
        let columns = shape[1]
        precondition(values.count == columns && elementType.isFloatingPoint)
        withBytes { bytes in
            let start = row * columns * elementType.byteCount
            switch elementType {
            case .float16:
                for i in 0..<columns {
                    let bits = bytes.loadUnaligned(fromByteOffset: start + 2 * i, as: UInt16.self)
                    values[i] = Half.float(bitPattern: bits)
                }
            case .bfloat16:
                for i in 0..<columns {
                    let bits = bytes.loadUnaligned(fromByteOffset: start + 2 * i, as: UInt16.self)
                    values[i] = BFloat16(bitPattern: bits).float
                }
            default:
                for i in 0..<columns { values[i] = bytes.loadUnaligned(fromByteOffset: start + 4 * i, as: Float.self) }
            }
        }
    }

    /// Every element as an integer; floating-point elements are cut towards zero, and NaN or too large is nil.
    package var integers: [Int]? {
        withBytes { bytes in
            switch elementType {
            case .int8: return load(bytes, Int8.self) { Int($0) }
            case .uint8, .bool: return load(bytes, UInt8.self) { Int($0) }
            case .int32: return load(bytes, Int32.self) { Int($0) }
            case .int64: return load(bytes, Int64.self) { Int($0) }
            case .float32, .float16, .bfloat16:
                var integers: [Int] = []
                for value in floats {
                    guard let integer = Int(exactly: value.rounded(.towardZero)) else { return nil }
                    integers.append(integer)
                }
                return integers
            }
        }
    }

    private func load<Stored: BitwiseCopyable, Element>(
        _ bytes: UnsafeRawBufferPointer,
        _ stored: Stored.Type,
        _ convert: (Stored) -> Element
    ) -> [Element] {
        let width = MemoryLayout<Stored>.size
        return (0..<elementCount).map { convert(bytes.loadUnaligned(fromByteOffset: $0 * width, as: Stored.self)) }
    }
}

/// Tensors are equal when their types and bytes are (so NaN equals itself, and 0 differs from -0).
extension Tensor: Hashable {
    package static func == (left: Tensor, right: Tensor) -> Bool {
        guard left.type == right.type else { return false }
        if left.storage === right.storage, left.byteOffset == right.byteOffset { return true }
        return left.withBytes { leftBytes in
            right.withBytes { rightBytes in
                guard let leftBase = leftBytes.baseAddress, let rightBase = rightBytes.baseAddress else { return true }
                return memcmp(leftBase, rightBase, leftBytes.count) == 0
            }
        }
    }

    /// Hashes the type and the first bytes only, so that hashing gigabytes of weights is cheap.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(type)
        withBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0.prefix(64))) }
    }
}
