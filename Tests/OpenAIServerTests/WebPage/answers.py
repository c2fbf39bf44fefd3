"""What the scripted server answers, by question."""

import threading


def pieces(text, size=4):
    return [text[start:start + size] for start in range(0, len(text), size)]


def thoughts(text):
    return [("think", word + " ") for word in text.split(" ")]


BEFORE_FORMULA = r"""## Solution

Let $f(x)=\frac{1}{2}x^2$; **note** that \(f'(x)=x\). It costs $5 and $6. The matrix is

"""
FORMULA = r"""$$
A=\begin{pmatrix}1&2\\3&4\end{pmatrix},\qquad \det A=-2.
$$

Then

\begin{align*}
\begin{pmatrix}1\\2\end{pmatrix} &\ne 0\\
(a+b)^2 &= a^2+2ab+b^2\\
&\ge 4ab.
\end{align*}

1. First, \[\sum_{k=1}^n k=\frac{n(n+1)}{2}\]
2. Done, by [the web](https://example.org/a).

| $n$ | value |
|----:|:------|
| 1 | one |

"""
CODE = """def longest(values):
\t\"\"\"Longest increasing subsequence.\"\"\"
\ttails = []

\tfor value in values:
\t\tplace = bisect_left(tails, value)
\t\ttails[place:place + 1] = [value]
\treturn len(tails)  # O(n log n) & <fast>
"""
AFTER_CODE = r"""```

The answer is \boxed{432}."""

MORE = r"""

* a list with **bold words**, `code` and $\sqrt{2}$:
  $$\int_0^1 x\,dx=\frac12$$
  ```c
  int main(void) {
  	return 0;
  }
  ```
* [a link](https://example.org/with_underscores_) and *more*

> a quotation with \(\alpha\)

Text with $$\begin{cases}1&x>0\\0\end{cases}$$ in it, and an end."""

HOSTILE = r"""<img src="https://evil.example/a.png" onerror="window.pwned=1"> <b onclick="window.pwned=2">b</b>

<script>window.pwned=3</script>

<iframe srcdoc="<script>parent.pwned=4</script>"></iframe><style>body{display:none}</style>

[a](javascript:window.pwned=5) [b](JaVaScRiPt&colon;window.pwned=6) [c](data:text/html,<script>window.pwned=7</script>)
[d](vbscript:x) [e](//evil.example/x) <javascript:window.pwned=8> [f](&#106;avascript:window.pwned=9)

![pixel](https://evil.example/pixel.png) ![x](x" onerror="window.pwned=10)

$\href{javascript:window.pwned=11}{x}$ $\htmlData{onclick=window.pwned}{x}$ $\includegraphics{https://evil.example/b.png}$
$\url{javascript:window.pwned=12}$ $\text{<img src=x onerror=window.pwned=13>}$ $\htmlStyle{position:fixed}{x}$

$$\def\x{\x\x}\x$$

$$\rule{100000em}{100000em}$$

$\def\a{xxxxxxxxxx}\edef\a{\a\a\a\a}\edef\a{\a\a\a\a\a}\edef\a{\a\a\a\a\a\a}\edef\a{\a\a\a\a\a\a\a}\edef\a{\a\a\a\a\a\a}\a$

$\newcommand{\b}{\b^ˢ}\b$

$\gdef\frac#1#2{stolen}\frac12$ and $\frac{1}{2}$

```"><img src=x onerror=window.pwned=14>
</code></pre><img src=x onerror="window.pwned=15">
```

```python
"</span><img src=x onerror=window.pwned=16>"
```

`<img src=x onerror=window.pwned=17>` &lt;img src=x onerror=window.pwned=18&gt;

| <img src=x onerror=window.pwned=19> |
|---|
| <svg/onload=window.pwned=20> |
"""


def answers():
    """Fresh answers, with the events that hold the first: after its thinking, in a formula, and in code."""
    thought, in_formula, in_code, never = (threading.Event() for _ in range(4))
    thinking = thoughts("Let me think. First, $x^2$ is convex. " * 6)
    half = len(FORMULA) // 5
    code = "```python\n" + CODE
    return {
        "a solution": thinking + [thought] + pieces(BEFORE_FORMULA) + pieces(FORMULA[:half]) + [in_formula]
        + pieces(FORMULA[half:]) + pieces(code[:110]) + [in_code] + pieces(code[110:] + AFTER_CODE),
        "an attack": thoughts("<img src=x onerror=window.pwned=21>") + pieces(HOSTILE, 3),
        "endless": thinking + pieces("It goes on ") + [never],
        "short": pieces("One two three."),
        "too many": (429, {"Retry-After": "2"}, {"error": {"message": "full", "code": "queue_full"}}),
        "not allowed": (400, {}, {"error": {"message": "'temperature' must be from 0 to 2", "code": None}}),
        "torn": pieces("Half of ") + [0.1, None],
    }, (thought, in_formula, in_code)
