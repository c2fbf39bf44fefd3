package import InMemoryTracing
import Instrumentation

/// The tracer of the test program, which can have only one; spans of all tests are in it.
package enum SharedTracer {
    package static let tracer: InMemoryTracer = {
        let tracer = InMemoryTracer()
        InstrumentationSystem.bootstrap(tracer)
        return tracer
    }()
}
