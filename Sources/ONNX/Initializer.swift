package import Tensors

/// A constant of a graph.
package struct Initializer: Sendable, Hashable {
    package enum Contents: Sendable, Hashable {
        case tensor(Tensor)
        case external(ExternalData, TensorType)
    }

    package var name: String
    package var contents: Contents

    package init(_ name: String, _ tensor: Tensor) {
        self.name = name
        contents = .tensor(tensor)
    }

    package init(_ name: String, _ data: ExternalData, _ type: TensorType) {
        self.name = name
        contents = .external(data, type)
    }

    package var type: TensorType {
        switch contents {
        case .tensor(let tensor): tensor.type
        case .external(_, let type): type
        }
    }

    /// The values, unless they were left in another file.
    package var tensor: Tensor? {
        if case .tensor(let tensor) = contents { tensor } else { nil }
    }
}

/// Bytes of a tensor in a file beside the model's.
package struct ExternalData: Sendable, Hashable {
    /// The path of the file, relative to the model's folder and inside it.
    package var location: String
    package var offset: Int
    package var byteCount: Int

    package init(location: String, offset: Int, byteCount: Int) {
        self.location = location
        self.offset = offset
        self.byteCount = byteCount
    }

    /// Whether a location stays inside the model's folder.
    package static func isInside(_ location: String) -> Bool {
        let parts = location.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return !location.utf8.contains(0)
            && parts.allSatisfy { !$0.isEmpty && !$0.elementsEqual("..".utf8) && !$0.elementsEqual(".".utf8) }
    }
}
