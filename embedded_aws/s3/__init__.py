"""S3: what happens to objects is told to those who want it. moto keeps the objects."""
