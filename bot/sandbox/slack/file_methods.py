"""files.*: the two-step upload that ends as a message with a file."""

from __future__ import annotations

from bot.sandbox.slack.methods import Method, Request, channel_to_write
from bot.sandbox.slack.model import Json, SlackRefusal

FILE_BYTES_MAX = 50_000_000


def get_upload_url(request: Request) -> Json:
    name, size = request.need("filename"), str(request.args.get("length", ""))
    if not size.isdigit() or not 0 < int(size) <= FILE_BYTES_MAX:
        raise SlackRefusal("invalid_arguments")
    workspace = request.workspace
    file_id = workspace.new_id("F")
    workspace.files[file_id] = {"id": file_id, "name": name, "size": int(size)}
    return {"upload_url": f"{workspace.base_url}/upload/{file_id}", "file_id": file_id}


def complete_upload(request: Request) -> Json:
    """Every named file must have arrived; with a channel they appear there as one message."""
    listed = request.args.get("files")
    if not isinstance(listed, list) or not listed:
        raise SlackRefusal("invalid_arguments")
    files = [_arrived(request, each) for each in listed]
    if request.args.get("channel_id"):
        _share(request, files)
    return {"files": files}


def _arrived(request: Request, listed: Json) -> Json:
    file = request.workspace.files.get(str(listed.get("id")))
    if file is None or "content" not in file:
        raise SlackRefusal("file_not_found")
    file["title"] = listed.get("title") or file["name"]
    return {name: value for name, value in file.items() if name != "content"}


def _share(request: Request, files: list[Json]) -> None:
    args = {**request.args, "channel": request.args["channel_id"]}
    channel = channel_to_write(Request(request.workspace, request.token, args))
    request.workspace.post(
        channel.id,
        request.workspace.bot_user,
        args.get("initial_comment") or "",
        thread_ts=args.get("thread_ts"),
        extras={"files": files, "subtype": "file_share"},
    )


METHODS = {
    "files.getUploadURLExternal": Method(get_upload_url, "files:write"),
    "files.completeUploadExternal": Method(complete_upload, "files:write"),
}
