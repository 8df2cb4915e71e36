"""What X-Ray keeps and answers: traces, summaries, graphs, statistics, filters."""
