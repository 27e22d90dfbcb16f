"""Why a fetch was refused or failed. Codes are stable; details never tell which ports of a host are open."""

from __future__ import annotations

from typing import Any

from plugzero_api.kernel.errors import DomainError


class FetchError(DomainError):
    """Base of everything the guard raises: one ``except`` for callers that report a reason per page."""

    code = "fetch_failed"
    status = 502
    title = "The address could not be fetched"


class FetchFailed(FetchError):
    """No usable HTTP answer. Closed, filtered and silent ports, failed TLS and broken replies all end here,
    with one and the same message, so that the platform is no port scanner."""

    def __init__(self, detail: str = "The server did not give a usable answer.", **extra: Any) -> None:
        super().__init__(detail, **extra)


class UrlNotAllowed(FetchError):
    """The text of the URL is refused: scheme, port, credentials, control characters, host syntax."""

    code = "url_not_allowed"
    status = 422
    title = "This URL cannot be fetched"


class HostNotPublic(FetchError):
    """The host is unknown, or an address it resolves to is not on the public internet. One code for both:
    telling them apart would let a user list the names of the operator's internal network."""

    code = "host_not_public"
    status = 422
    title = "The host does not resolve to public addresses"

    def __init__(
        self,
        detail: str = "The host name does not resolve to addresses on the public internet.",
        **extra: Any,
    ) -> None:
        super().__init__(detail, **extra)


class FetchTimeout(FetchError):
    """The server began to answer but did not finish within the total time."""

    code = "fetch_timeout"
    status = 504
    title = "The server answered too slowly"


class ResponseTooLarge(FetchError):
    """Body (after decompression) or headers exceed their cap."""

    code = "response_too_large"
    status = 502
    title = "The answer is larger than allowed"


class ContentTypeNotAllowed(FetchError):
    """The answer's media type is not one the caller accepts."""

    code = "content_type_not_allowed"
    status = 502
    title = "The answer has an unexpected content type"


class TooManyRedirects(FetchError):
    """More hops than allowed, or a loop."""

    code = "too_many_redirects"
    status = 502
    title = "The address redirects too often"


class UndecodableResponse(FetchError):
    """Content-Encoding is unknown, damaged or stacked more than twice."""

    code = "undecodable_response"
    status = 502
    title = "The answer's compression could not be decoded"


class CertificateInvalid(FetchError):
    """The server's TLS certificate is expired, self-signed or made for another host."""

    code = "certificate_invalid"
    status = 502
    title = "The server's certificate could not be verified"


class UnexpectedStatus(FetchError):
    """A download was answered with something else than 200; ``extra["http_status"]`` holds the status."""

    code = "unexpected_status"
    status = 502
    title = "The server did not send the file"
