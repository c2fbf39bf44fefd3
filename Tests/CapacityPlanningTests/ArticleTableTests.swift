import CapacityPlanning
import DeviceSimulation
import Foundation
import Testing

/// `docs/article.md` says what the program computes.
@Suite struct ArticleTableTests {
    @Test func thePageHoldsTheTables() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appendingPathComponent("docs/article.md"), encoding: .utf8)
        let computed = try ArticleTable(devices: DescriptorCatalog.bundled()).markdown
        #expect(
            page.contains(computed),
            "docs/article.md is stale: run scripts/article-table.sh with the program"
        )
    }

    @Test func withoutTheArticlesDeviceThereIsNoTable() {
        #expect(throws: CapacityError.self) { _ = try ArticleTable(devices: []).markdown }
    }
}
