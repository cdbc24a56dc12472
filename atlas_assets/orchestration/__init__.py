"""Everything that Dagster runs: assets, jobs, sensors, checks, resources. What they do is in the other rooms."""
