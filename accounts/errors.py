"""What can go wrong on the way in, each with a stable code."""


class AccountError(Exception):
    """A refusal that the caller can do something about."""

    code = "account_error"

    def __init__(self, detail: str, *, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.detail, self.pointer = detail, pointer


class WrongCredentials(AccountError):
    code = "wrong_credentials"

    def __init__(self) -> None:
        super().__init__("No active user has this e-mail address and password.")


class WrongPassword(AccountError):
    code = "wrong_password"

    def __init__(self) -> None:
        super().__init__("The current password is another one.", pointer="/current_password")


class TooManyFailures(AccountError):
    code = "too_many_failed_logins"

    def __init__(self, *, wait_seconds: int) -> None:
        super().__init__(
            f"Too many failed logins for this e-mail address. Try again in {wait_seconds} s."
        )
        self.wait_seconds = wait_seconds
