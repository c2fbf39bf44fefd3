/// A tensor that one owner may write; it freezes into a `Tensor` without a copy.
package struct MutableTensor: ~Copyable {
    package let type: TensorType
    private let storage: Storage

    /// All zeros.
    ///
    /// The shape must be sound (`Shape.checkedElementCount`), since it is our own, not a file's.
    package init(_ type: TensorType) {
        self.type = type
        storage = Storage(byteCount: type.byteCount)
    }

    /// Calls `body` with the elements' bytes, to read and write.
    package mutating func withMutableBytes<Result, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeMutableRawBufferPointer(start: storage.base, count: storage.byteCount))
    }

    /// Calls `body` with the elements as `Element`, whose size must be the element type's.
    package mutating func withMutableElements<Element: BitwiseCopyable, Result, Failure: Error>(
        of type: Element.Type,
        _ body: (UnsafeMutableBufferPointer<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(MemoryLayout<Element>.size == self.type.elementType.byteCount)
        return try body(
            UnsafeMutableBufferPointer(
                start: storage.base.assumingMemoryBound(to: Element.self),
                count: self.type.shape.elementCount
            )
        )
    }

    /// Ends writing: the same bytes, from now on immutable and shared.
    package consuming func freeze() -> Tensor {
        Tensor(unchecked: type, storage: storage, byteOffset: 0)
    }
}
