/// What a program is compiled for: whose kernels run it.
package enum Target: String, Sendable, Hashable, Codable, CaseIterable {
    /// The processor's kernels: activations in f32, weights as stored or in panels.
    case cpu
    /// The operator library of Kunlun accelerators: activations, weights and cache in f16, or weights in int8 with one
    /// scale for each output feature.
    case kunlun
}
