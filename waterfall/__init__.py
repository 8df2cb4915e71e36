"""The viewer: reads traces through any X-Ray API, local or AWS, and shows them as waterfalls."""
