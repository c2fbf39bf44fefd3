/// The values of `format`, as patterns; each matches only texts that are of the format.
enum StringFormats {
    private static let day = "(0[1-9]|1[0-9]|2[0-8])"
    private static let year = "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
    private static let date =
        "\(year)-((0[1-9]|1[0-2])-\(day)|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
    private static let hour = "([01][0-9]|2[0-3])"
    private static let time = "\(hour):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-]\(hour):[0-5][0-9])"
    private static let byte = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
    private static let label = "[A-Za-z0-9]([A-Za-z0-9-]{0,20}[A-Za-z0-9])?"
    private static let atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}"

    static let patterns = [
        "date": "^\(date)$",
        "time": "^\(time)$",
        "date-time": "^\(date)T\(time)$",
        "uuid": "^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$",
        "ipv4": "^(\(byte)\\.){3}\(byte)$",
        "email": "^\(atom)(\\.\(atom)){0,2}@(\(label)\\.){1,3}[A-Za-z]{2,20}$",
    ]
}
