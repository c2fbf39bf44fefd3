"""Expressions of Jinja with what jinja2 makes of them, set up as transformers does.

    jinja_table.py OUT    OUT/cases.json
"""

import json
import os
import sys

VARIABLES = {
    "text": "Hello, wide World", "word": "kongur", "upper": "ABC", "empty": "", "blank": "  a b  ", "cjk": "你好 世界",
    "accent": "\u00e9t\u00e9 e\u0301", "quotes": "it's \"q\" \\ \t\n", "html": "<b class=\"x\">5 & 6</b> 'q'",
    "lines": "one\ntwo\r\n\nthree\n", "path": "a/b/c.d", "number": "42.9", "spaced": "a  b\tc\n d",
    "n": 7, "z": 0, "neg": -5, "f": 2.5, "g": 1234567.891, "tiny": 1e-7, "t": True, "no": False, "nothing": None,
    "list": [3, 1, 2], "mixed": [1, "a", 2.5, None, True], "words": ["b", "A", "c", "a"], "nested": [[1, 2], [3], []],
    "people": [
        {"name": "Bo", "age": 30, "at": {"city": "Oslo"}}, {"name": "al", "age": 25, "at": {"city": "rome"}},
        {"name": "Cy", "age": 30, "at": {"city": "Oslo"}}, {"name": "di", "at": {}},
    ],
    "pairs": [["a", 1], ["b", 2]], "map": {"b": 2, "a": 1, "C": 3}, "deep": {"x": {"y": [10, {"z": "end"}]}},
    "schema": {"type": "object", "properties": {"q": {"type": "string", "enum": ["x", "y"]}}, "required": []},
    "nums": [1, 2.5, -3, 4], "long": "the quick brown fox jumps over the lazy dog and runs away from everything it knows",
}

METHODS = """
text.upper() | text.lower() | text.title() | text.capitalize() | text.swapcase() | text.casefold() | 'Straße'.casefold()
text.center(30) | text.center(31, '*') | text.ljust(20) | text.ljust(20, '.') | text.rjust(20) | text.rjust(21, '-')
word.zfill(10) | '-7'.zfill(5) | '+7'.zfill(5) | ''.zfill(2) | 'a\\tbc\\td'.expandtabs() | 'a\\tbc\\td'.expandtabs(4)
text.find('o') | text.find('o', 5) | text.find('o', 5, 8) | text.find('zz') | text.find('') | text.rfind('o') | text.rfind('')
text.index('o') | text.index('zz') | text.rindex('o') | text.rindex('o', 0, 6) | 'aaa'.rfind('aa') | 'aaaa'.count('aa')
text.count('l') | text.count('l', 4) | text.count('') | text.startswith('Hell') | text.startswith('ell', 1) | text.endswith('ld')
text.startswith(('x', 'He')) | text.endswith(('x', 'World')) | text.endswith('wide', 0, 11) | text.startswith('He', -3)
text.split() | text.split(' ') | text.split(', ') | text.split('o', 1) | text.split(maxsplit=1) | spaced.split() | spaced.split(' ')
text.rsplit('o', 1) | spaced.rsplit(None, 1) | spaced.split(None, 1) | text.rsplit(' ', 1)[0] | 'a,b,,c'.split(',') | ''.split() | ''.split(',')
lines.splitlines() | lines.splitlines(True) | text.partition(', ') | text.partition('zz') | text.rpartition('o') | text.rpartition('zz')
text.replace('l', 'L') | text.replace('l', '', 1) | 'abc'.replace('', '-') | 'abc'.replace('', '-', 2) | text.replace('l', 'LL', -1)
blank.strip() | blank.lstrip() | blank.rstrip() | 'xxaxx'.strip('x') | 'abcxcba'.strip('abc') | text.removeprefix('Hel') | text.removesuffix('rld')
'-'.join(words) | ', '.join(map) | ''.join('abc') | '-'.join([1]) | 'ab'.join(['x']) | text.format() | '{} {}'.format(1, 'x')
'{1} {0}'.format('a', 'b') | '{a}-{b}'.format(a=1, b=text) | '{:>8}|{:<8}|{:^8}'.format('a', 'b', 'c') | '{:*^9}'.format('mid') | '{:05d}'.format(42)
'{:+d} {: d} {:d}'.format(1, 2, -3) | '{:,}'.format(1234567) | '{:_}'.format(1234567) | '{:.2f}'.format(3.14159) | '{:8.3f}|'.format(2.5) | '{:e}'.format(12345.678)
'{:x} {:X} {:#x} {:b} {:o} {:#b}'.format(255, 255, 255, 5, 8, 5) | '{:%}'.format(0.25) | '{:.1%}'.format(0.256) | '{:g}'.format(1e10) | '{:10}|'.format(5) | '{:10}|'.format('s')
'{:.3}'.format('abcdef') | '{!r}'.format('q') | '{!s:>5}'.format(1) | '{0[1]}'.format([1, 2]) | '{0.name}'.format(people[0]) | '{a[k]}'.format(a={'k': 3}) | '{{}}'.format() | '{:{}}|'.format('x', 4)
'{'.format() | '{}'.format() | '{:d}'.format('x') | '{:,.2f}'.format(1234567.891) | '{:010.2f}'.format(-3.14159) | '{:c}'.format(65) | '{:>+8}'.format(3)
'%s %s' % ('a', 1) | '%s' % 'x' | '%d%%' % 5 | '%5d|%-5d|%05d' % (1, 2, 3) | '%.2f' % 2.005 | '%x %X %o' % (255, 255, 8) | '%e' % 12345.678 | '%g' % 0.0001 | '%r' % 'a' | '%c' % 'z' | '%c' % 65 | '%+d' % 5
'%(a)s-%(b)03d' % {'a': 'x', 'b': 7} | '%s' % [1, 2] | '%s %s' % 'a' | '%s' % (1, 2) | '%d' % 'a' | '%d' % 3.7 | '%10.3s|' % 'abcdef' | '%*d' % (5, 42) | '%i' % true | '% d' % 4 | '%#x' % 255
text.isalpha() | word.isalpha() | cjk.isalpha() | '12'.isdigit() | '²'.isdigit() | '²'.isdecimal() | '½'.isnumeric() | 'a1'.isalnum() | 'a 1'.isalnum() | ''.isalnum() | ' \\n'.isspace() | ''.isspace()
upper.isupper() | 'A1'.isupper() | '1'.isupper() | 'ab'.islower() | 'aB'.islower() | 'Hello World'.istitle() | "It's".istitle() | 'Ab1Cd'.istitle() | 'abc'.isascii() | accent.isascii() | ''.isascii() | 'a_1'.isidentifier() | '1a'.isidentifier() | 'a\\n'.isprintable() | 'ab'.isprintable()
'{x}'.format_map({'x': 1}) | 'abc'.translate({97: 'X', 98: none}) | accent.upper() | accent.title() | accent.capitalize() | 'ΑΣ ΣΑΣ'.lower() | "they're bill's".title()
map.items() | map.keys() | map.values() | map.items()|list | map.keys()|list | map.values()|list | map.get('a') | map.get('q') | map.get('q', 5) | map.get('a', default=1) | map.copy() | map.pop('a') | map.update({}) | map.items()|first | map.keys()[0]
list.index(1) | list.count(3) | list.index(9) | list.copy() | list.append(4) | list.pop() | list.sort() | (1, 2, 1).count(1) | (1, 2).index(2) | n.bit_length() | f.is_integer() | n.real | n.denominator | f.imag
text.nothing | text.nothing is defined | map.nothing is defined | list.append is defined | map.items is callable | (5).conjugate() | map['items'] is callable | map.a | map['a'] | deep.x.y[1].z | deep['x']['y'][0]
""".strip()

FILTERS = """
neg|abs | f|abs | (-2.5)|abs | true|abs | 'a'|abs | map|attr('items') is callable | map|attr('a') is defined | word|attr('upper') is callable
list|batch(2)|list | list|batch(2, 'x')|list | list|batch(linecount=2, fill_with=0)|list | []|batch(2)|list | 'abc'|batch(2)|list | range(7)|slice(3)|list | range(7)|slice(3, 'x')|list | list|slice(5)|list
text|capitalize | 'aBC dE'|capitalize | none|capitalize | word|center(20) | word|center | word|center(width=9) | 5|center(5)
text|count | list|count | map|length | n|length | nothing|length | missing|length | cjk|length | (list|map('string'))|length
missing|default('x') | missing|d('x') | nothing|default('x') | nothing|default('x', true) | empty|default('x', true) | empty|default('x', boolean=true) | missing|default | missing.x|default('d') | no|default('y', boolean=True) | missing|default(default_value=3)
map|dictsort | map|dictsort(true) | map|dictsort(false, 'value') | map|dictsort(reverse=true) | map|dictsort(by='value', reverse=true) | map|dictsort(by='x') | list|dictsort | {1: 'a', 0: 'b'}|dictsort
html|e | html|escape | html|forceescape | html|e|e | html|e|forceescape | html|safe|e | n|e | html|e ~ '<' | (html|e) + '<' | '<' + (html|e) | (html|safe) + '<i>' | (html|e)|upper | (html|e).replace('<', '>') | ('<b>'|safe) % 1 | '<%s>'|safe % '<' | ('<%s>'|safe) % '<' | ('{}'|safe).format('<') | ('<'|e) * 2 | ('<'|safe).join(['<', 'a']) | [html|e] | (html|e) is escaped | html is escaped | (html|e)[0:6] is escaped | html|safe|replace('b', '<') | (html|safe)|indent is escaped | (html|safe)|trim is escaped | html|e|string is escaped | ('a<'|e) ~ ('b<'|safe) | html|e|length
1|filesizeformat | 999|filesizeformat | 1000|filesizeformat | 1000000|filesizeformat | 1234567890|filesizeformat | 1024|filesizeformat(true) | 1000000|filesizeformat(binary=true) | '2000'|filesizeformat | 0|filesizeformat | 1.5|filesizeformat | 1e30|filesizeformat | 'x'|filesizeformat
list|first | empty|first|default('e') | []|first is defined | word|first | map|first | (list|map('string'))|first | list|last | word|last | map|last | []|last is defined | (list|map('string'))|last | range(5)|last
number|float | 'x'|float | 'x'|float(1.5) | 'x'|float(default=3) | '1e3'|float | 'inf'|float | ' 2 '|float | n|float | nothing|float | '1_000'|float | '0x10'|float | []|float | missing|float | true|float
'%s is %d'|format('x', 3) | '%(a)s'|format(a=1) | '%s'|format | '%5.1f|'|format(2.25) | '%s'|format(1, 2) | '%s %(a)s'|format(1, a=2) | 'a'|format | n|format(1)
people|groupby('age', default=0)|list | people|groupby('at.city', default='')|map('first')|list | people|groupby('name')|map(attribute='grouper')|list | people|groupby('name', case_sensitive=true)|map(attribute='grouper')|list | people|groupby('age') | words|groupby(0)|list | pairs|groupby(0) | people[:3]|groupby('age')|map(attribute='list')|map('length')|list
lines|indent | lines|indent(2) | lines|indent(2, true) | lines|indent(2, first=true, blank=true) | lines|indent('> ') | lines|indent(width=1, blank=true) | empty|indent | empty|indent(first=true) | 'a\\n'|indent | 'a\\n\\n'|indent(2, true) | 'a\\rb'|indent(1) | n|indent
number|int | '42'|int | 'x'|int | 'x'|int(7) | '0x1A'|int(base=16) | '1A'|int(0, 16) | 'ff'|int(base=16) | '0b11'|int(0, 2) | '0b11'|int(base=0) | '0o17'|int(base=8) | '0x1A'|int | 2.9|int | (-2.9)|int | true|int | nothing|int | nothing|int(default=4) | ' 12 '|int | '1_000'|int | '1e3'|int | 'inf'|int | 'nan'|int | []|int | missing|int | '-0x1A'|int(base=16)
map|items|list | missing|items|list | list|items|list | schema|items|map('first')|join(',') | list|join | list|join(', ') | words|join('-') | mixed|join('|') | people|join(', ', attribute='name') | people|join(',', 'name') | word|join('.') | map|join(',') | list|join(d='+') | []|join('x') | pairs|join('/') | list|join(1)
map|list | word|list | (1, 2)|list | n|list | missing|list | list|map('string')|list | list|map('string') is string | map|items is iterable
text|lower | upper|lower | n|lower | none|lower | list|lower | text|upper | accent|upper | true|upper | 'ß'|upper
list|map('string')|join | words|map('upper')|list | words|map('replace', 'a', 'x')|list | people|map(attribute='name')|list | people|map(attribute='age', default=0)|list | people|map(attribute='at.city', default='?')|list | people|map(attribute='age')|list | list|map('nofilter')|list | people|map('attr', 'name')|list | nested|map('length')|list | nested|map('first')|list | pairs|map(attribute=1)|list | list|map|list | list|map(attribute='x', y=1)|list | words|map('center', width=3)|list | nested|map('join', '-')|list | list|map('default', 3)|list
list|max | list|min | words|max | words|min | words|max(true) | words|max(case_sensitive=true) | words|min(case_sensitive=true) | people[:3]|max(attribute='age') | people[:3]|min(attribute='name') | []|max is defined | []|min|default('none') | word|max | map|min | mixed|max | nums|max | nums|min
map|pprint | list|pprint | text|pprint | schema|pprint | long|pprint | [long, long]|pprint | {'k': long, 'a': [1, 2]}|pprint | range(40)|list|pprint | people|pprint | n|pprint | none|pprint | (long,)|pprint | {'b': {'d': 1, 'c': 2}, 'a': 1}|pprint | 'a\\nb'|pprint | lines|pprint
list|reject('odd')|list | list|reject('equalto', 1)|list | mixed|reject|list | mixed|select|list | list|select('odd')|list | list|select('gt', 1)|list | list|select('in', [1, 2])|list | words|select('lower')|list | mixed|select('string')|list | mixed|select('number')|list | list|select('notest')|list | list|select(1)|list | list|select('divisibleby', 3)|list
people|selectattr('age')|map(attribute='name')|list | people|selectattr('age', 'equalto', 30)|map(attribute='name')|list | people|selectattr('age', 'defined')|list|length | people|rejectattr('age', 'defined')|list|length | people|selectattr('at.city', 'eq', 'Oslo')|list|length | people|rejectattr('name', 'in', ['Bo', 'al'])|map(attribute='name')|join | people|selectattr|list | people|rejectattr('age')|map(attribute='name')|list | pairs|selectattr(1, 'gt', 1)|list
text|replace('l', 'L') | text|replace('l', 'L', 1) | text|replace('l', 'L', count=2) | text|replace(old='l', new='x') | n|replace('7', '8') | text|replace('l') | empty|replace('', 'x') | html|replace('<', '&lt;') | text|replace('l', 1) | nothing|replace('N', 'n')
word|reverse | list|reverse|list | list|reverse|first | (1, 2)|reverse|list | empty|reverse | cjk|reverse | n|reverse | map|reverse|list | list[::-1] | word[::-1]
2.5|round | 3.5|round | 2.567|round(2) | 2.675|round(2) | -2.5|round | 1234.5|round(-2) | 1250|round(-2) | 1350|round(-2) | 42|round | 42.7|round(method='floor') | 42.2|round(method='ceil') | 42.256|round(2, 'floor') | 42.251|round(2, 'ceil') | 42.5|round|int | 42.5|round(0, 'x') | 'a'|round | 1e20|round | true|round | 0.1|round(1) | 5.015|round(2) | -3.7|round(0, 'ceil') | 7|round(1) | 123.456|round(precision=1, method='ceil') | 15|round(-1) | 25|round(-1) | -15|round(-1)
html|safe | n|safe | (html|safe) is string | list|sort | list|sort(true) | list|sort(reverse=true) | words|sort | words|sort(case_sensitive=true) | words|sort(reverse=true) | words|sort(true, true) | people[:3]|sort(attribute='age')|map(attribute='name')|list | people[:3]|sort(attribute='age', reverse=true)|map(attribute='name')|list | people[:3]|sort(attribute='age,name')|map(attribute='name')|list | people|sort(attribute='at.city')|list | mixed|sort | word|sort | map|sort | pairs|sort(attribute=1, reverse=true) | nested|sort | [true, 0, 2]|sort | [1.5, 1, 2]|sort | range(3)|sort(true) | ['b', 'B', 'a', 'A']|sort
n|string | none|string | list|string | text|string | f|string | true|string | (1,)|string | map|string | missing|string
html|striptags | '<p>a</p>\\n <b>b</b>'|striptags | 'a &amp; b &lt;c&gt; &#39;q&#39;'|striptags | 'a<!-- c -->b'|striptags | 'a < b'|striptags | '<a<b>c>'|striptags | n|striptags | '&eacute;x &nosuch; &#x41;'|striptags|length > 0
list|sum | nums|sum | []|sum | list|sum(start=10) | people[:3]|sum('age') | people[:3]|sum(attribute='age', start=1) | words|sum | nested|sum(start=[]) | mixed|sum | pairs|sum(attribute=1) | [true, true]|sum
text|title | "it's a-b (c) [d] <e>"|title | 'aBC dEF'|title | n|title | 'x_y z1a'|title | cjk|title | 'ÉCOLE étude'|title
map|tojson | list|tojson | text|tojson | quotes|tojson | cjk|tojson | mixed|tojson | schema|tojson | schema|tojson(indent=2) | schema|tojson(indent=0) | list|tojson(indent=1) | map|tojson(sort_keys=true) | map|tojson(sort_keys=True, indent=4) | cjk|tojson(ensure_ascii=true) | list|tojson(separators=(',', ':')) | map|tojson(separators=[',', ':']) | map|tojson(separators=(', ', ' = '), indent=2) | []|tojson(indent=2) | {}|tojson(indent=2) | html|tojson | f|tojson | 1e22|tojson | none|tojson | true|tojson | {1: 2}|tojson | {none: 1, true: 2, 1.5: 3}|tojson | {(1, 2): 3}|tojson | (1, 2)|tojson | missing|tojson | map.keys()|tojson | range(3)|tojson | '\\x7f\\u2028'|tojson | '\\x7f'|tojson(ensure_ascii=true) | tiny|tojson | list|tojson(indent='  ') | '😀'|tojson(true) | nested|tojson(none, 1)
blank|trim | 'xxaxx'|trim('x') | text|trim('Hd') | n|trim | blank|trim(chars=' a') | none|trim | lines|trim | blank|trim(none)
long|truncate | long|truncate(20) | long|truncate(20, true) | long|truncate(20, end='!') | long|truncate(20, leeway=0) | long|truncate(20, false, '..', 0) | text|truncate(12) | text|truncate(11) | text|truncate(5, true, '', 0) | text|truncate(2) | text|truncate(length=15, killwords=True, leeway=0) | long|truncate(20, leeway=70) | word|truncate(3, leeway=0) | text|truncate(10, leeway=-1)
words|unique|list | words|unique(true)|list | [1, 2, 1, 'a', 'A', 'a']|unique|list | people[:3]|unique(attribute='age')|map(attribute='name')|list | word|unique|join | [true, 1, 1.0]|unique|list | nested|unique|list | []|unique|list | words|unique is iterable | (words|unique)[0] is defined
path|urlencode | 'a b&c=d/é?'|urlencode | map|urlencode | pairs|urlencode | {'a b': 'c d/e', 'é': 1}|urlencode | n|urlencode | [('x', 'y z')]|urlencode | cjk|urlencode | [1]|urlencode | '~_.-'|urlencode
'see http://example.com now'|urlize | 'www.example.org, ok'|urlize | 'go to example.com.'|urlize | 'mail me@example.com'|urlize | 'mailto:me@example.com'|urlize | '(http://example.com/a(b))'|urlize | 'http://example.com/a?b=c&d=e'|urlize | 'http://example.com/verylongpath'|urlize(15) | 'http://example.com'|urlize(nofollow=true) | 'http://example.com'|urlize(target='_blank') | 'http://example.com'|urlize(rel='me x') | 'ftp:x tel:5'|urlize(extra_schemes=['tel:']) | 'no links <here>'|urlize | 'http://1.2.3.4:80/x'|urlize | 'a.b http://a'|urlize | 'https://example.com:8080'|urlize | '<http://example.com>'|urlize | 'example.xyz'|urlize | '@a@b.c'|urlize
text|wordcount | empty|wordcount | "it's a-b c_d"|wordcount | cjk|wordcount | n|wordcount | spaced|wordcount
long|wordwrap(20) | long|wordwrap(width=30) | long|wordwrap | lines|wordwrap(3) | lines|wordwrap(2, false) | 'abcdefghij klm'|wordwrap(4) | 'abcdefghij klm'|wordwrap(4, false) | long|wordwrap(20, wrapstring='|') | 'well-known co-operation of-the x'|wordwrap(8) | 'well-known co-operation of-the x'|wordwrap(8, break_on_hyphens=false) | 'a--b ---- c-d'|wordwrap(3) | 'one  two   three'|wordwrap(6) | empty|wordwrap | 'x'|wordwrap(0) | '  lead'|wordwrap(4) | 'a-very-long-hyphenated-word'|wordwrap(10)
{'class': 'a b', 'id': none, 'n': 1}|xmlattr | {'a': '<'}|xmlattr | {}|xmlattr | {'a': 1}|xmlattr(false) | {'a': 1}|xmlattr(autospace=true) | {'a b': 1}|xmlattr | {'x': missing}|xmlattr | list|xmlattr | {'a': '"'}|xmlattr
text|nofilter | text|upper|lower|title | text|length + 1 | list|first + 1 | -n|abs | (-n)|abs | 'a' ~ list|join | n|string ~ f | text|replace('l','') |length | text|upper(1) | list|join(x=1) | text|trim('a', 'b') | text|round | list|sort('x', 'y', 'z', 'q')
""".strip()

TESTS = """
t is boolean | n is boolean | text is callable | range is callable | missing is callable | n is defined | missing is defined | missing is not defined | missing is undefined | n is divisibleby 7 | n is divisibleby(3) | n is divisibleby 0 | f is divisibleby 2.5
n is eq 7 | n is equalto 7 | n is == 7 | n is eq(7.0) | 'a' is eq 'a' | html is escaped | 4 is even | n is even | 4.0 is even | neg is odd | n is odd | 'a' is odd | no is false | z is false | t is true | 1 is true
'upper' is filter | 'nofilter' is filter | 'length' is filter | f is float | n is float | n is ge 7 | n is >= 8 | n is gt 6 | n is > 7 | n is greaterthan 6 | n is in [7] | n is in(list) | 'a' is in 'abc' | 'a' is in map | 'z' is not in map | n is integer | t is integer | f is integer
list is iterable | n is iterable | map is iterable | missing is iterable | text is iterable | none is iterable | n is le 7 | n is <= 6 | word is lower | text is lower | '1' is lower | n is lower | n is lt 8 | n is < 7 | n is lessthan 8 | map is mapping | list is mapping | n is ne 7 | n is != 8
nothing is none | n is none | missing is none | n is number | t is number | f is number | '1' is number | n is sameas 7 | t is sameas true | 1 is sameas true | none is sameas none | text is sequence | map is sequence | n is sequence | missing is sequence | map.keys() is sequence | range(2) is sequence | (list|map('string')) is sequence
text is string | n is string | 'odd' is test | 'nope' is test | '==' is test | upper is upper | text is upper | '' is upper | n is nosuchtest | not n is odd | n is odd and z is even | n is not odd or t | (1, 2) is sequence | (1,) is iterable | [] is sequence | n is odd is true
""".strip()

OPERATORS = """
1 + 2 | 1 - 2.5 | 2 * 3 | 7 / 2 | 7 // 2 | -7 // 2 | 7 % 3 | -7 % 3 | 7 % -3 | 7.5 % 2 | -7.5 // 2 | 2 ** 3 | 2 ** -1 | 2 ** 0.5 | (-8) ** 2 | 0 ** 0 | 2 ** 62 | 1e308 * 10 | 1 / 0 | 5 % 0 | -2 ** 2 | 2 ** 3 ** 2 | 4.0 // 1.5 | 0.1 + 0.2
'a' + 'b' | 'a' + 1 | [1] + [2] | (1,) + (2,) | [1] + (2,) | [0] * 3 | 3 * [0] | (1, 2) * 2 | 'ab' * 3 | 3 * 'ab' | 'ab' * -1 | 'ab' * 1.5 | true + 1 | true * 3 | none + 1 | {} + {} | [1] - [1] | 'a' ~ 1 ~ none ~ [1] | 1 ~ 2 | missing ~ 'x' | +n | -f | +true | -true | -'a' | not 'a' | not ''
1 < 2 | 1 <= 1.0 | 'a' < 'b' | 'a' < 'B' | [1, 2] < [1, 3] | (1,) < (1, 0) | 1 < 'a' | none < 1 | 1 == true | 'a' == "a" | [1] == (1,) | {'a': 1} == {'a': 1.0} | none == none | missing == missing | missing == none | 1 != 2 | 1 < 2 < 3 | 1 < 3 < 2 | 1 == 1 == 1 | 3 > 2 >= 2 | [1, [2]] == [1, [2]]
1 in list | 9 not in list | 'el' in text | '' in text | 1 in text | 'a' in map | 1 in map | 2 in map.values() | ('a', 1) in map.items() | 'x' in missing | 1 in n | [1] in [[1]] | none in mixed | 1 in range(3) | list in map
text[0] | text[-1] | text[99] is defined | text[1:4] | text[:-3] | text[::2] | text[::-1] | text[5:1:-1] | text[-3:] | list[1:] | list[::-1] | list[-1] | list[99] is defined | list['a'] is defined | (1, 2, 3)[1:] | range(5)[2] | map[0] is defined | text[none:2] | text[1.5] is defined | list[true] | list[0:9] | text[::0] | n[0] is defined | [[1, 2], [3, 4]][1][0] | pairs[0][1] | range(10)[2:5]|list
1 if t else 2 | 1 if no | (1 if no) is defined | 'a' if no else 'b' if t else 'c' | t and 'x' | no or 'y' | '' or 0 or none | t and no | not t or t | n and f and text | [] or {} | 1 and 2 or 3
[1, 'a', none, true, 1.5] | {'a': 1, 'b': [1, {}]} | (1, 2) | (1,) | () | [] | {} | {1: 'a', 'b': none, 1.5: (1,), none: 2, true: 3} | {(1, 2): 'x'}[(1, 2)] | {1: 'a'}[1.0] | {true: 't'}[1] | {0: 'z'}[false] | {[1]: 2} | {'a': 1, 'a': 2} | [1, 2,] | {'a': 1,} | "it's" | ["it's", 'q"', 'both\\'"'] | ['\\t\\n\\\\', 'é', '\\x00', '\\u200b']
1.0 | 1e16 | 1e15 | 123456789012345680.0 | 1e-5 | 0.0001 | 1.5e300 | -0.0 | 100 * 1.1 | 1/3 | 1_000 | 0x1F | 0b101 | 0o17 | 1_0.5_0 | 1e3 | 3. | 007 | 12345678901234567 | 0xFFFF_FFFF
range(3) | range(1, 4) | range(1, 9, 3) | range(5, 0, -2)|list | range(0) | range(0)|list | range(3, 1)|list | range(0, 3, 0) | range('a') | dict(a=1, b=2) | dict(map, z=1) | dict(pairs) | dict() | dict([['a', 1]], a=2) | namespace(a=1).a | namespace({'x': 2}).x | namespace(a=1).q is defined | cycler('a', 'b').current | cycler('a', 'b').next() | joiner('|')() | joiner()() | lipsum(n=1, html=false) is string | lipsum(1) is escaped | lipsum(0, false) | range(200000) | cycler()
missing | missing.x | missing['x'] | missing() | missing + 1 | missing|upper | missing|int | [missing] | missing == 1 | missing < 1 | not missing | missing is none | text.missing.more | list.x.y | nothing.x is defined | n.x is defined | text.upper.x is defined | map.a.b is defined | (missing|default([]))|length
people|map(attribute='name')|map('upper')|join(' ') | people|selectattr('age','defined')|map(attribute='age')|sum | (list|sort)[0] | list|sort|first | text.split(' ')|map('length')|list | words|sort|join|upper | {'a': [1]}.a|first | text.split(', ')[1].split(' ')|last | ('a,b'.split(',')|map('upper')|list)[1] | 'x'.join(words|map('lower')) | map.items()|list|length | map.items()|sort(attribute=1)|map('first')|join | (map|dictsort)[0][0] | list|map('string')|map('int')|sum | people|map(attribute='at')|map(attribute='city', default='-')|join('/')
text.upper is callable | map.items is defined | map.update is defined | text.__class__ | text.__class__ is defined | ''.__len__ is defined | range.__name__ is defined | n.__add__ is defined | text|attr('__class__') is defined | text['upper'] is defined | cycler is callable | namespace(a=1)['a'] | loop is defined | self is defined | varargs is defined
""".strip()

TEMPLATES = [
    "{% macro box() %}[{{ caller() }}]{% endmacro %}{% call box() %}in{% endcall %}",
    "{% macro each(l) %}{% for x in l %}{{ caller(x) }},{% endfor %}{% endmacro %}{% call(x) each([1, 2]) %}v{{ x }}{% endcall %}",
    "{% macro each(l) %}{{ caller(*l) }}{% endmacro %}{% call(a, b=5) each([1]) %}{{ a }}{{ b }}{% endcall %}",
    "{% macro m() %}x{% endmacro %}{% call m() %}in{% endcall %}",
    "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}|{% call m() %}{% endcall %}",
    "{% macro m(caller=none) %}{{ caller }}{% endmacro %}{{ m() }}",
    "{% macro f(a, b) %}{{ a }}-{{ b }}{% endmacro %}{{ f(*['x', 'y']) }}{{ f(**{'a': 1, 'b': 2}) }}{{ f('q', **{'b': 2}) }}",
    "{% macro f(a, b) %}{{ a }}-{{ b }}{% endmacro %}{{ f(1, *[2]) }}|{{ f(*[1], b=3) }}|{{ f(b=1, *[2]) }}",
    "{% macro f(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, z=3) }}",
    "{% macro f(a) %}{{ varargs|length }}{% endmacro %}{{ f(1, 2, 3) }}",
    "{% macro f(a) %}{{ kwargs|tojson }}{% endmacro %}{{ f(1, b=2, c=3) }}",
    "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, 2) }}", "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(b=1) }}",
    "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, a=2) }}", "{% macro f(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ f(1) }}",
    "{% macro f(a, b='x', c='y') %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1, c='z') }}{{ f() }}",
    "{% macro f(a=1) %}{{ f.name }}{{ f.arguments }}{{ f.catch_kwargs }}{{ f.catch_varargs }}{{ f.caller }}{% endmacro %}{{ f() }}",
    "{% macro f() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ f() }}", "{% set x = 1 %}{% macro f() %}{{ x }}{% set x = 2 %}{% endmacro %}{{ f() }}{{ x }}",
    "{% for i in [1, 2] %}{% macro f() %}{{ i }}{% endmacro %}{{ f() }}{% endfor %}",
    "{% with a = 1 %}{% macro f() %}{{ a }}{% endmacro %}{{ f() }}{% endwith %}",
    "{% macro fact(n) %}{% if n > 1 %}{{ n * fact(n - 1)|int }}{% else %}1{% endif %}{% endmacro %}{{ fact(5) }}",
    "{% macro a(x) %}<{{ x }}>{% endmacro %}{% macro b() %}{{ a('q') }}{% endmacro %}{{ b()|upper }}",
    "{% for i in [1, [2, [3]]] recursive %}{% if i is sequence %}<{{ loop(i) }}>{% else %}{{ i }}{% endif %}{% endfor %}",
    "{% for i in [1, [2, [3]]] recursive %}{{ loop.depth }}{{ loop.depth0 }}{% if i is sequence %}{{ loop(i) }}{% endif %}{% endfor %}",
    "{% for n in [{'v': 1, 'c': [{'v': 2}]}, {'v': 3}] recursive %}{{ n.v }}{% if n.c %}({{ loop(n.c) }}){% endif %}{% endfor %}",
    "{% for k in [[1], []] recursive %}{% if k is sequence %}{{ loop(k) }}{% else %}{{ k }}{% endif %}{% else %}none{% endfor %}",
    "{% for i in [1] %}{{ loop([2]) }}{% endfor %}",
    "{% for i in [1, 1, 2] %}{{ loop.changed(i) }}{% endfor %}", "{% for i in list %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for i in list %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }};{% endfor %}",
    "{% for i in list %}{{ loop.previtem|default('-') }}{{ loop.nextitem is defined }}{% endfor %}",
    "{% for k, v in map.items() %}{{ k }}{{ v }}{% endfor %}", "{% for k in map %}{{ k }}{% endfor %}",
    "{% for a, (b, c) in [[1, [2, 3]]] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "{% for (a, b) in pairs %}{{ a }}{{ b }}{% endfor %}",
    "{% for i in list if i > 1 %}{{ loop.index }}{{ i }}{% else %}none{% endfor %}", "{% for i in [] %}x{% else %}none{% endfor %}",
    "{% for i in list if i > 9 %}x{% else %}none{% endfor %}", "{% for i in 1, 2, 3 %}{{ i }}{% endfor %}",
    "{% for i in list %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "{% for i in list %}{% if i == 1 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% for x in list|map('string') %}{{ loop.last }}{{ loop.length }}{% endfor %}", "{% for c in 'é你' %}[{{ c }}]{% endfor %}",
    "{% set g = words|map('upper') %}{{ g|join }}|{{ g|join }}", "{% set g = list|select('odd') %}{% for x in g %}{{ x }}{% endfor %}{% for x in g %}{{ x }}{% endfor %}",
    "{% set x = 1 %}{% for i in list %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}",
    "{% set ns = namespace(x=1) %}{% for i in list %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace() %}{% set ns.a, ns.b = 1, 2 %}{{ ns.a }}{{ ns.b }}", "{% set a, b = pairs %}{{ a }}{{ b }}", "{% set (a, b) = [1, 2] %}{{ a }}{{ b }}",
    "{% set x %}a{{ n }}{% endset %}{{ x }}{{ x|length }}", "{% set x | upper | replace('A', 'b') %}aac{% endset %}{{ x }}", "{% set x %}<b>{% endset %}{{ x ~ '<' }}{{ x is escaped }}",
    "{% if no %}a{% elif t %}b{% else %}c{% endif %}", "{% if missing %}a{% else %}b{% endif %}", "{% if t %}{% set y = 1 %}{% endif %}{{ y }}",
    "{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q is defined }}", "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}", "{% with a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}{% endwith %}",
    "{% filter upper %}a{{ word }}{% endfilter %}", "{% filter replace('a', 'b') | upper %}aa{% endfilter %}", "{% filter indent(2) %}a\nb{% endfilter %}",
    "{% block b %}in{{ n }}{% endblock %}", "{% block b %}x{% endblock b %}{{ self.b() }}", "{% for i in list %}{% block c scoped %}{{ i }}{% endblock %}{% endfor %}",
    "{% for i in list %}{% block d %}{{ i is defined }}{% endblock %}{% endfor %}", "{% set v = 1 %}{% block e %}{{ v }}{% endblock %}", "{% block f %}{% block g %}g{% endblock %}f{% endblock %}",
    "{% block h %}1{% endblock %}{% block h %}2{% endblock %}", "{% block i required %}{% endblock %}",
    "{% print 1 + 1 %}", "{% autoescape true %}{{ html }}{{ html|safe }}{% endautoescape %}{{ html }}", "{% autoescape false %}{{ html }}{% endautoescape %}",
    "{% autoescape true %}{{ ['<', '>']|join('&') }}{{ '<' ~ '>' }}{% endautoescape %}",
    "{% include 'x' %}", "{% extends 'x' %}", "{% import 'x' as y %}", "{% if no %}{% include 'x' %}{% endif %}ok",
    "{% raw %}{{ x }}{% endraw %}", "{%- raw -%} {{ x }} {%- endraw -%} ", "{# c #}a{#- c -#} b", "{{ 1 }}{{- 2 -}} 3", "a\n  {%- if t %} b {% endif -%}\n c",
    "{% if t %}\na\n{% endif %}\nb\n", "  {% if t %}  a{% endif %}\n", "{{ '%}' }}{{ '}}' }}", "{{ \"a\" 'b' }}", "{{ 'a\\'b' }}{{ 'a\\\\n' }}", "{{ {'a': {'b': 1}}.a.b }}", "{{ a.0.1 }}", "{{ pairs.0.1 }}", "{{ pairs.1[0] }}",
    "{% set j = joiner(', ') %}{{ j() }}a{{ j() }}b{{ j() }}c", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.current }}",
    "{% generation %}a{% endgeneration %}b", "{% for i in range(3) %}{{ i }}{{ ',' if not loop.last }}{% endfor %}", "{{ raise_exception('no') }}", "{{ strftime_now('%Y') | length }}",
    "{% do list.append(1) %}", "{% nosuchtag %}", "{% if %}{% endif %}", "{{ }}", "{{ 1 +  }}", "{% for %}{% endfor %}", "{% set loop = 1 %}", "{{ list | }}", "{{ 'a }}", "{{ (1 }}", "{% endif %}", "{% if t %}",
    "{% for item in map | dictsort %}{{ item[0] }}={{ item[1] }};{% endfor %}", "{% for g in people[:3] | groupby('age') %}{{ g.grouper }}:{{ g.list | length }}{{ g[0] }};{% endfor %}",
    "{% for g, items in people[:3] | groupby('age') %}{{ g }}:{{ items | map(attribute='name') | join(',') }};{% endfor %}",
    "{% for i in list %}{% for j in list %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}", "{% for i in list %}{% set outer = loop %}{% for j in [1] %}{{ outer.index }}{% endfor %}{% endfor %}",
    "{% set m = {0: 'zero', 512: 'half'} %}{% for k, v in m | dictsort %}{{ k }}={{ v }};{% endfor %}{{ m[512] }}", "{% for x in map.items() | sort %}{{ x[0] }}{% endfor %}", "{% for x in n %}{% endfor %}",
]


def cases():
    found = [(expression, "{{ " + expression + " }}")
             for table in (METHODS, FILTERS, TESTS, OPERATORS)
             for line in table.split("\n")
             for expression in line.replace("\\\\", "\\").split(" | ")]
    return found + [(template, template) for template in TEMPLATES]


def main(out):
    from transformers.utils.chat_template_utils import _compile_jinja_template

    written = []
    for name, template in cases():
        try:
            expected = {"text": _compile_jinja_template(template).render(**VARIABLES)}
        except Exception as error:
            expected = {"error": f"{type(error).__name__}: {error}"}
        written.append({"name": name, "template": template, **expected})
    with open(os.path.join(out, "cases.json"), "w", encoding="utf-8") as file:
        json.dump({"variables": VARIABLES, "cases": written}, file, ensure_ascii=False)


if __name__ == "__main__":
    os.makedirs(sys.argv[1], exist_ok=True)
    main(sys.argv[1])
