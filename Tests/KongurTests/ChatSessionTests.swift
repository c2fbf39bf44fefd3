import Foundation
import Testing

@testable import Kongur

/// Conversations as programs hold them, also several tasks at once.
@Suite(.serialized) struct ChatSessionTests {
    private static func session(_ length: Int = 12) async throws -> ChatSession {
        let pebble = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Models/pebble").path
        return ChatSession(
            try await LanguageModel.load(pebble),
            parameters: GenerationParameters(maxNewTokens: length, temperature: 0)
        )
    }

    private static let roles: [Message.Role] = [.user, .assistant]

    @Test func overlappingQuestionsWaitForEachOther() async throws {
        let chat = try await Self.session()
        let questions = (1...6).map { "What is \($0) + 6?" }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for question in questions { group.addTask { _ = try await chat.respond(to: question) } }
            try await group.waitForAll()
        }
        #expect(chat.messages.map(\.role) == questions.flatMap { _ in Self.roles })
        #expect(Set(chat.messages.map(\.content)).isSuperset(of: questions))
        #expect(!chat.isResponding)
    }

    @Test func waitingQuestionsAreCancelledAlone() async throws {
        let chat = try await Self.session(400)
        let first = Task { try await chat.respond(to: "What is 5 + 6?") }
        while !chat.isResponding { await Task.yield() }
        let second = Task { try await chat.respond(to: "What is 7 + 8?") }
        second.cancel()
        let error = await #expect(throws: KongurError.self) { _ = try await second.value }
        #expect(error?.code == .cancelled)
        _ = try await first.value
        _ = try await chat.respond(to: "What is 1 + 1?")
        let asked = chat.messages.filter { $0.role == .user }.map(\.content)
        #expect(asked == ["What is 5 + 6?", "What is 1 + 1?"])
    }

    /// A stream may never be read to its end: nobody waits for it, and everybody is told.
    @Test func aStreamUnderWayRefusesOthers() async throws {
        let chat = try await Self.session()
        do {
            let stream = chat.streamResponse(to: "What is 5 + 6?")
            #expect(!chat.isResponding)
            var events = stream.makeAsyncIterator()
            _ = try await events.next()
            #expect(chat.isResponding)
            let error = await #expect(throws: KongurError.self) { _ = try await chat.respond(to: "What is 1 + 1?") }
            #expect(error?.code == .busy)
            let another = await #expect(throws: KongurError.self) {
                for try await _ in chat.streamResponse(to: "What is 2 + 2?") {}
            }
            #expect(another?.code == .busy)
            while try await events.next() != nil {}
        }
        #expect(!chat.isResponding && chat.messages.map(\.role) == Self.roles)
        for try await _ in chat.streamResponse(to: "What is 2 + 2?") { break }
        _ = try await chat.respond(to: "What is 1 + 1?")
        #expect(chat.messages.map(\.role) == Self.roles + Self.roles)
        #expect(chat.messages[2].content == "What is 1 + 1?")
    }

    @Test func whatIsRefusedLeavesTheNextTurnFree() async throws {
        let chat = try await Self.session()
        let long = String(repeating: "1 + ", count: 3000)
        await #expect(throws: KongurError.self) { _ = try await chat.respond(to: long) }
        #expect(!chat.isResponding && chat.messages.isEmpty)
        _ = try await chat.respond(to: "What is 1 + 1?")
        #expect(chat.messages.count == 2)
    }

    @Test func clearingForgetsTheTurnUnderWay() async throws {
        let chat = try await Self.session()
        var events = chat.streamResponse(to: "What is 5 + 6?").makeAsyncIterator()
        _ = try await events.next()
        chat.clear()
        while try await events.next() != nil {}
        #expect(chat.messages.isEmpty)
    }
}
