"""Sends an exported folder to the Hugging Face Hub as a data set: private unless somebody says otherwise."""

import logging
from pathlib import Path
from urllib.parse import urlsplit

from cluster.errors import RequestError, WorkError, first_line

_AGAIN = "send it again, under another --out where one was given"


def checked_name(name: str) -> str:
    """OWNER/NAME, for which there is a token. Raises RequestError; asks nobody."""
    from huggingface_hub import get_token
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError as error:
        raise RequestError(f"--push {name!r}: {first_line(error)}") from None
    if name.count("/") != 1:
        raise RequestError(f"--push {name!r}: write it as OWNER/NAME")
    if not get_token():
        raise RequestError(f"--push {name}: no token; put one that may write into the environment as HF_TOKEN")
    return name


def push(folder: Path, name: str, public: bool) -> str:
    """Make the data set where it is not there, upload the folder's files, and return the address of the commit.

    A data set that is there gets the files in one more commit, where it is as public as `public` says.
    Raises RequestError where the Hub refuses (the token, the name, the right to write), WorkError where it is not
    reached or fails; no message holds the token.
    """
    import httpx2
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it warns of each attempt that it repeats
    api = HfApi(library_name="chainpref")
    try:
        api.create_repo(name, repo_type="dataset", private=not public, exist_ok=True)
        if not public and not api.repo_info(name, repo_type="dataset").private:
            raise RequestError(f"--push {name}: is there already and public; say --public, or name another data set")
        if public and api.repo_info(name, repo_type="dataset").private:
            raise RequestError(
                f"--push {name}: is there already and private; leave --public out, or open it on the Hub"
            )
        commit = api.upload_folder(
            repo_id=name, folder_path=folder, repo_type="dataset", commit_message="Preference pairs by chainpref"
        )
    except HfHubHTTPError as error:
        status = error.response.status_code
        said = (error.server_message or first_line(error)).partition("\n")[0]
        if status in (401, 403, 404):
            why = "the token is not known" if status == 401 else "the token may not write there"
            raise RequestError(f"--push {name}: {why} ({status}: {said}); HF_TOKEN is what was sent") from None
        if status < 500:
            raise RequestError(f"--push {name}: the Hub refused it ({status}: {said})") from None
        raise WorkError(f"--push {name}: the Hub failed ({status}: {said}); {_AGAIN}") from None
    except (httpx2.HTTPError, OSError, RuntimeError) as error:
        host = urlsplit(api.endpoint).hostname
        raise WorkError(f"--push {name}: the Hub at {host} was not reached ({first_line(error)}); {_AGAIN}") from None
    return str(commit.commit_url)
