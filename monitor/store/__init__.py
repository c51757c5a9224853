"""The only room that speaks SQL: tables, migrations, queries by concern."""
