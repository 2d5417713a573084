"""State-sessions and resolutions are numbered as the votes say."""

import numpy as np
from support.record import simulate_small_record


def test_gaps_and_late_entries_are_numbered():
    votes, layout = simulate_small_record()
    cast = votes["counts"].values.any(-1)
    session = votes["session"].values
    for p, (t, i) in enumerate(zip(layout.session_idx, layout.state_idx, strict=True)):
        sessions = np.unique(session[cast[:, i]])
        assert layout.session[t] in sessions
        earlier = sessions[sessions < layout.session[t]]
        assert (layout.previous_idx[p] < 0) == (len(earlier) == 0)
        if len(earlier):
            assert layout.elapsed[p] == layout.session[t] - earlier[-1]
            assert layout.state_idx[layout.previous_idx[p]] == i
    assert len(layout.state_idx) == sum(len(np.unique(session[cast[:, i]])) for i in range(cast.shape[1]))
    assert layout.elapsed.max() > 1, "the fixture should have a gap"
    assert (np.bincount(layout.item_idx) > 1).any(), "and a repeated resolution"
