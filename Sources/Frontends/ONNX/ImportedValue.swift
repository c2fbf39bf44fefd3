import XIR

/// What a name of an ONNX graph stands for while it is imported: a value of XIR, whole numbers that are known
/// symbolically (such as the result of `Shape`), or both.
struct ImportedValue {
    /// Whole numbers of a scalar or a vector, as extents.
    struct Numbers: Hashable {
        var extents: [Extent]
        var isScalar: Bool

        init(_ extents: [Extent], isScalar: Bool = false) {
            self.extents = extents
            self.isScalar = isScalar
        }
    }

    var value: ValueID?
    var numbers: Numbers?

    init(_ value: ValueID, numbers: Numbers? = nil) {
        self.value = value
        self.numbers = numbers
    }

    init(_ numbers: Numbers) {
        self.numbers = numbers
    }
}
