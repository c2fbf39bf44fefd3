/// Passes over a row of logits, sixteen at a time: a vocabulary is long, and every token of an answer pays for them.
extension [Float] {
    /// The place of the largest logit, the first among equals; nil when one is NaN or positive infinity.
    func largestLogit() -> Int? {
        withUnsafeBufferPointer { row in
            var most = SIMD16<Float>(repeating: -.infinity)
            // v - v is NaN where v is not finite; minus infinity, which forbids a token, is no fault.
            var faults = SIMD16<Float>.zero
            let whole = row.count / 16 * 16
            for start in stride(from: 0, to: whole, by: 16) {
                let v = row.vector(at: start)
                most.replace(with: v, where: v .> most)
                let possible = v.replacing(with: 0, where: v .== -.infinity)
                faults += possible - possible
            }
            var largest = most.max()
            var fault = faults.sum()
            for v in row[whole...] {
                largest = Swift.max(largest, v)
                if v != -.infinity { fault += v - v }
            }
            if fault.isNaN { return nil }
            return row.firstPlace(of: largest)
        }
    }

    /// The sum of e^((logit - largest) / temperature) over all logits, to about 1e-6 of it.
    func exponentialSum(largest: Float, temperature: Float) -> Double {
        withUnsafeBufferPointer { row in
            let scale = 1 / temperature
            var total = 0.0
            let whole = row.count / 16 * 16
            // Partial sums in single precision stay short.
            for block in stride(from: 0, to: whole, by: 4096) {
                var sum = SIMD16<Float>.zero
                for start in stride(from: block, to: Swift.min(block + 4096, whole), by: 16) {
                    sum += ((row.vector(at: start) - largest) * scale).exponential()
                }
                total += Double(sum.sum())
            }
            for v in row[whole...] { total += Double(SIMD16(repeating: (v - largest) * scale).exponential()[0]) }
            return total
        }
    }
}

extension UnsafeBufferPointer<Float> {
    fileprivate func vector(at start: Int) -> SIMD16<Float> {
        UnsafeRawPointer(baseAddress.unsafelyUnwrapped).loadUnaligned(
            fromByteOffset: start * MemoryLayout<Float>.size,
            as: SIMD16<Float>.self
        )
    }

    fileprivate func firstPlace(of value: Float) -> Int? {
        let whole = count / 16 * 16
        for start in stride(from: 0, to: whole, by: 16) where any(vector(at: start) .== value) {
            return self[start..<start + 16].firstIndex(of: value)
        }
        return self[whole...].firstIndex(of: value)
    }
}

extension SIMD16<Float> {
    /// e^x for x of at most 0, to about 1e-6 of it; 0 below -87.
    fileprivate func exponential() -> SIMD16<Float> {
        // x = n ln 2 + r; e^r is its Taylor polynomial, and n goes into the exponent.
        // (`clamped` would be the word, and takes ten times as long: the standard library goes lane by lane.)
        let x = replacing(with: -87.3, where: self .< -87.3)
        let rounding = Self(repeating: 0x1.8p23)
        let shifted = x * 1.4426950 + rounding
        let n = shifted - rounding
        let r = x - n * 0.69314575 - n * 1.4286068e-06
        var p = r * (1.0 / 720) + (1.0 / 120)
        p = p * r + (1.0 / 24)
        p = p * r + (1.0 / 6)
        p = p * r + 0.5
        p = p * r + 1
        p = p * r + 1
        let bits = unsafeBitCast(shifted, to: SIMD16<Int32>.self)
        let power = unsafeBitCast((bits &- 0x4B40_0000 &+ 127) &<< 23, to: Self.self)
        return (p * power).replacing(with: 0, where: self .< -87.3)
    }
}
