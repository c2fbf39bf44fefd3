import Tensors
import Testing

@Suite struct TensorTests {
    @Test func bfloat16RoundsTiesToEven() {
        #expect(BFloat16(1.0).bitPattern == 0x3F80)
        #expect(BFloat16(Float(bitPattern: 0x3F80_8000)).bitPattern == 0x3F80)
        #expect(BFloat16(Float(bitPattern: 0x3F81_8000)).bitPattern == 0x3F82)
        #expect(BFloat16(Float.nan).float.isNaN)
    }

    @Test func halfRoundTripsEveryBitPattern() {
        for bits in UInt16.min...UInt16.max {
            let value = Half.float(bitPattern: bits)
            if value.isNaN {
                #expect(Half.float(bitPattern: Half.bitPattern(value)).isNaN)
            } else {
                #expect(Half.bitPattern(value) == bits)
            }
        }
    }

    @Test func viewOutsideItsStorageIsRefused() {
        let storage = Storage(byteCount: 16)
        #expect(throws: TensorError.self) { try Tensor(TensorType(.float32, [5]), storage: storage) }
        #expect(throws: TensorError.self) { try Tensor(TensorType(.float32, [Int.max, 8]), storage: storage) }
        #expect(throws: TensorError.self) { try Tensor(TensorType(.float32, [1]), storage: storage, byteOffset: -4) }
    }

    @Test func equalityIsByValue() {
        #expect(Tensor([1, 2, 3, 4] as [Float], [2, 2]) == Tensor([1, 2, 3, 4] as [Float], [2, 2]))
        #expect(Tensor([1, 2, 3, 4] as [Float], [2, 2]) != Tensor([1, 2, 3, 4] as [Float], [4]))
        #expect(Tensor([1, 2] as [Int64], [2]).integers == [1, 2])
    }
}
