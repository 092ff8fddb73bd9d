"""What tests of the whole system share: a real S3 endpoint."""

from tests.s3 import s3_server as s3_server
