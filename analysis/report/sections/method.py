"""How the answer is computed: the causal graph, the equations, and a glossary of ten terms."""

from markupsafe import Markup

from analysis.report.blocks import Drawing, Facts, Heading, Html, Section, Text
from analysis.store.results import Results

GRAPH = Markup("""
<svg viewBox="0 0 660 262" class="graph" aria-hidden="true">
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
<path d="M0,0L8,4L0,8Z" fill="var(--ink)"/></marker>
<marker id="tip-hidden" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
<path d="M0,0L8,4L0,8Z" fill="var(--accent)"/></marker></defs>
<g fill="none" stroke="var(--ink)" stroke-width="1.6" marker-end="url(#tip)">
<path d="M190,60L252,86"/><path d="M170,36C300,4 440,24 512,90"/><path d="M200,176L252,122"/>
<path d="M204,196C340,216 450,186 520,138"/><path d="M408,101L494,110"/><path d="M115,160V82"/></g>
<g fill="none" stroke="var(--accent)" stroke-width="1.6" stroke-dasharray="5 4" marker-end="url(#tip-hidden)">
<path d="M555,214L567,140"/><path d="M480,236C300,268 -40,280 36,82"/></g>
<g font-size="14" text-anchor="middle" fill="var(--ink)">
<g fill="var(--raised)" stroke="var(--level-pact)" stroke-width="2">
<rect x="20" y="36" width="170" height="44" rx="6"/><rect x="254" y="78" width="154" height="44" rx="6"/>
<rect x="496" y="92" width="154" height="44" rx="6"/></g>
<rect x="56" y="160" width="148" height="58" rx="6" fill="var(--raised)" stroke="var(--line)"/>
<rect x="482" y="216" width="150" height="36" rx="6" fill="none" stroke="var(--accent)"
stroke-dasharray="5 4"/>
<text x="105" y="63">US guarantee</text><text x="331" y="97">Alignment in the</text>
<text x="331" y="114">General Assembly</text><text x="573" y="119">Joins the coalition</text>
<text x="130" y="184" font-size="13">Wealth, size, regime,</text>
<text x="130" y="202" font-size="13">distance, aid, region</text>
<text x="557" y="239">Hidden causes</text></g></svg>
""")
EQUATIONS = Markup("""
<p><b>Positions</b> (state <i>i</i>, resolution <i>j</i>; answers in the order no, abstain, yes):</p>
<p class="equation">P(<i>y<sub>ij</sub></i> ≤ no) = logit<sup>−1</sup>(<i>κ</i><sub><i>j</i>1</sub> −
<i>β<sub>j</sub>θ<sub>i</sub></i>), &emsp; P(<i>y<sub>ij</sub></i> ≤ abstain) =
logit<sup>−1</sup>(<i>κ</i><sub><i>j</i>2</sub> − <i>β<sub>j</sub>θ<sub>i</sub></i>)</p>
<p>Alignment is <i>a<sub>i</sub></i> = <i>θ<sub>i</sub></i> − <i>θ</i><sub>US</sub>.</p>
<p><b>Joining</b> (coalition <i>c</i>, guarantee <i>g</i>, covariates <i>x</i>, region <i>r</i>):</p>
<p class="equation">logit P(joined<sub><i>ic</i></sub>) = <i>α<sub>c</sub></i> +
<i>τ<sub>c</sub></i>[<i>g<sub>ic</sub></i>] + <i>λ<sub>c</sub>a<sub>ic</sub></i> +
<i>x</i>′<sub><i>ic</i></sub><i>γ<sub>c</sub></i> + region +
<i>ν<sub>i</sub></i></p>
<p>The total effect leaves the term <i>λ<sub>c</sub>a<sub>ic</sub></i> out; the direct effect has it. The
effect of a pact also differs by capability and region.</p>
<p><b>Alignment</b>:</p>
<p class="equation"><i>a<sub>ic</sub></i> = <i>α</i>′<sub><i>c</i></sub> +
<i>δ<sub>c</sub></i>[<i>g<sub>ic</sub></i>] +
<i>x</i>′<sub><i>ic</i></sub><i>β<sub>c</sub></i> + region + subregion + <i>u<sub>i</sub></i> +
<i>ε<sub>ic</sub></i></p>
""")
GLOSSARY = [
    ("Guarantee", "A promise by treaty that the US will defend a state, in force when the coalition formed."),
    (
        "Pact",
        "The strongest guarantee: NATO, a bilateral treaty of defence, or a Compact of Free Association.",
    ),
    ("Rio", "The Inter-American Treaty of 1947, for states that have no other guarantee."),
    (
        "Ideal point",
        "A state's place on the line that explains best how all states vote in the General Assembly.",
    ),
    (
        "Alignment",
        "A state's ideal point minus that of the US. 0 is where the US stands; less is further away.",
    ),
    ("sd", "Standard deviation: how far states usually lie from their mean. Positions are measured in it."),
    (
        "Percentage points",
        "The difference of two percentages. Points (pp) for short.",
    ),
    ("90 % interval", "The range that has the true value with probability 90 %, if the model is right."),
    (
        "Total, direct, indirect",
        "All that a guarantee does; what it does at the same alignment; what it does by moving alignment.",
    ),
    (
        "Prior",
        "What the model assumes before it sees the data. Where data are few, it matters; it is varied here.",
    ),
]


def build_method(results: Results) -> Section:
    """The causal graph and the equations."""
    cases = " and ".join(results.case_labels.values())
    blocks = [
        Text(
            "States under the protection of the United States are thought to pay it back in legitimacy: "
            "they "
            "stand nearer to it in the General Assembly, and they join coalitions that most of the world "
            "stays "
            f"away from ({cases}). Two steps test this. The first places each state by its votes before each "
            "coalition. The second compares how often states with and without a guarantee joined, at the "
            "same "
            "wealth, size, regime, distance from Washington, US aid and region. The uncertainty of the first "
            "step is carried into the second."
        ),
        Drawing(
            GRAPH,
            "Causal graph. The US guarantee acts on joining directly and through alignment in the General "
            "Assembly. Wealth, size, regime, distance, aid and region act on all three and are held "
            "constant. "
            "Hidden causes may act on guarantee and joining; they are not held constant.",
            "A guarantee may act on joining directly and through alignment. What was measured is held "
            "constant; "
            "a hidden cause (broken lines) is not, so that the estimates are causal only without one.",
        ),
        Heading("The equations"),
        Html(EQUATIONS),
    ]
    return Section("method", "How the answer is found", blocks)


def build_glossary(results: Results) -> Section:
    """Ten terms in plain words."""
    return Section("glossary", "Ten terms", [Facts(GLOSSARY)])
