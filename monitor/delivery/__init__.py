"""The story of telling: what to tell whom (`desk`), and getting it there (`postman`)."""
