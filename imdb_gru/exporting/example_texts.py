"""The texts of the examples in an export: reviews from the built-in sample, and texts that are hard to tokenize."""

from itertools import islice

from imdb_gru.sources.sample import SampleSource

HARD = (
    "",
    "   \n\t ",
    "A slow start, but the ending is superb.",
    "I expected it to be dull, but it was wonderful.",
    "Not bad at all. It isn't dull, and I don't regret it!",
    "Sooooo goooood, I loooved it. Zzzzz? Rocky IIII and www.",
    "The worst film (ever) -- and I've seen them all: 3½ hours, 2½/10.",
    "<b>Great</b> film.<br /><br />A must-see<!-- really -->, &amp;quot;a classic&amp;quot; &lt;3",
    "Caf&eacute;, na&iuml;ve &#8220;art&#8221; &#x2014; don&#39;t &#150; &nosuch; &#0; &#xFFFFFF; &amp;lt;i&amp;gt;",
    "I loved it :) :-) =) :D ;-) and hated the end :( :'( :/ </3 <333",
    "Cast:Peter, Grade:D, http://example.org/film 1 < 2 > 0, 50 < 60 minutes",
    "Ｆｕｌｌ ｗｉｄｔｈ, ﬁne ligatures, “quotes”, ‘apostrophes’, it’s ´n` all… — done",
    "naïve façade, Amélie, Großartig, İstanbul, ΟΔΟΣ, e\u0301te\u0301, soft\u00adhyphen, zero\u200bwidth",
    "Потрясающий фильм, я плакал. 映画は素晴らしかった。",
    "🎬🍿 Loved it 👍🏽❤️ ★★★★☆ ⭐⭐ Batman™ x² ŉ",
    "@filmfan See https://example.org/r/4821?a=1&amp;b=2, WWW.example.com or write to me@example.org",
    "snake_case 1,000.50 rock'n'roll O'Brien's ''quoted'' U.S.A. a.m. 100%",
)
"""Texts with HTML, entities, emoticons, emoji, lengthened words, other alphabets, or nothing at all."""

TEXTS = (*HARD, *(review.text for review in islice(SampleSource().iter_reviews("test"), 13)), "A great film. " * 130)
"""The texts of all examples; the last text has more than 500 tokens."""
