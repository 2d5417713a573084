"""The source of compiled code, as a part of the key under which the machine code is cached."""

from hashlib import sha256
from pathlib import Path


def hash_source(*files: str) -> int:
    """Hash of the files that an Op's machine code is made from: code of older files is then not found again.

    Parameters
    ----------
    files : str
        Paths, in any order. The file with the Op's numba form is among them, beside those of its kernels:
        what stands between PyTensor and a kernel is compiled and cached like the kernel.

    Returns
    -------
    int
        0 to 2**48 - 1.
    """
    return int(sha256(b"".join(Path(file).read_bytes() for file in sorted(files))).hexdigest()[:12], 16)
