"""Forms that are known but not read, each with the line that makes one of it that is; and what to say of any other."""

from __future__ import annotations

from dataclasses import dataclass

from atlas_assets.sources.forms.form import Given, Head


@dataclass(frozen=True)
class Unread:
    """title: for people; magic: how such files begin, where they do alike; at: at which byte; convert: a line.

    posing: whether one could be taken for a table or for baskets, so that no form is asked.
    """

    title: str
    suffixes: tuple[str, ...]
    convert: str
    magic: bytes | None = None
    at: int = 0
    posing: bool = False


_OF_HTML = "python -c \"import pandas; pandas.read_html('in')[0].to_csv('out.csv', index=False)\""
UNREAD = (
    Unread(
        "an Avro file",
        (".avro",),
        "python -c \"import polars; polars.read_avro('in').write_parquet('out.parquet')\"",
        b"Obj\x01",
    ),
    Unread(
        "an ORC file",
        (".orc",),
        "python -c \"from pyarrow import orc, parquet; parquet.write_table(orc.read_table('in'), 'out.parquet')\"",
        b"ORC",
    ),
    Unread(
        "a MATLAB file",
        (".mat",),
        "python -c \"import numpy, scipy.io; numpy.save('out.npy', scipy.io.loadmat('in')['NAME'])\"",
        b"MATLAB ",
    ),
    Unread(
        "a Stata file",
        (".dta",),
        "python -c \"import pandas; pandas.read_stata('in').to_parquet('out.parquet')\"",
        b"<stata_dta>",
    ),
    Unread(
        "an SPSS file",
        (".sav", ".zsav"),
        "python -c \"import pandas; pandas.read_spss('in').to_parquet('out.parquet')\"",
        b"$FL",
    ),
    Unread(
        "a SAS file",
        (".sas7bdat", ".xpt"),
        "python -c \"import pandas; pandas.read_sas('in').to_parquet('out.parquet')\"",
    ),
    Unread(
        "a file of R", (".rds", ".rdata", ".rda"), 'Rscript -e \'arrow::write_parquet(readRDS("in"), "out.parquet")\''
    ),
    Unread(
        "a file of PyTorch",
        (".pt", ".pth"),
        "python -c \"import numpy, torch; numpy.save('out.npy', torch.load('in', weights_only=True))\"",
    ),
    Unread(
        "a safetensors file",
        (".safetensors",),
        "python -c \"import numpy, safetensors.numpy as s; numpy.save('out.npy', s.load_file('in')['NAME'])\"",
    ),
    Unread(
        "a FAISS index",
        (".faiss",),
        "python -c \"import faiss, numpy; numpy.save('out.npy', faiss.read_index('in').reconstruct_n())\"",
    ),
    Unread("a TFRecord file", (".tfrecord", ".tfrecords"), "the tensorflow_datasets command that made it, to Parquet"),
    Unread("a tar archive", (".tar",), "tar -xf in, and give the files in it", b"ustar", 257),
    Unread("a 7z archive", (".7z",), "7z x in, and give the files in it", b"7z\xbc\xaf\x27\x1c"),
    Unread("a RAR archive", (".rar",), "unrar x in, and give the files in it", b"Rar!\x1a\x07"),
    Unread("a PDF document", (".pdf",), "a tool such as tabula-py, to CSV", b"%PDF-"),
    Unread(
        "an HTML page",
        (".html", ".htm"),
        _OF_HTML,
        b"<!doctype html",
    ),
    # As many programs export tables that are called .xls.
    Unread("an HTML page", (), _OF_HTML, b"<html"),
    Unread("an HTML page", (), _OF_HTML, b"<table"),
    Unread(
        "an XML file",
        (".xml",),
        "python -c \"import pandas; pandas.read_xml('in').to_parquet('out.parquet')\"",
        b"<?xml",
    ),
    Unread(
        "a pointer of Git LFS to a file that is not here",
        (),
        "git lfs pull",
        b"version https://git-lfs.github.com/spec/",
        posing=True,
    ),
    Unread(
        "a Pajek file",
        (),
        "python -c \"import networkx as n; n.write_gml(n.read_pajek('in'), 'out.gml')\"",
        b"*vertices",
        posing=True,
    ),
    Unread(
        "a SVMlight file",
        (".svm", ".svmlight", ".libsvm"),
        'python -c "import scipy.sparse, sklearn.datasets as d; '
        "scipy.sparse.save_npz('out.npz', d.load_svmlight_file('in')[0])\"",
        posing=True,
    ),
    Unread(
        "a graph of Graphviz",
        (".dot", ".gv"),
        "python -c \"import networkx as n; n.write_gml(n.nx_pydot.read_dot('in'), 'out.gml')\"",
        posing=True,
    ),
    Unread(
        "a YAML file",
        (".yaml", ".yml"),
        "python -c \"import json, yaml; json.dump(yaml.safe_load(open('in')), open('out.json', 'w'))\"",
        posing=True,
    ),
    Unread(
        "a dump of SQL",
        (".sql",),
        "reading it into the database that it is of, and give that: sqlite3 out.sqlite < in",
        posing=True,
    ),
    Unread("a PNG picture", (".png",), "a program that makes vectors of pictures", b"\x89PNG\r\n"),
    Unread("a JPEG picture", (".jpg", ".jpeg"), "a program that makes vectors of pictures", b"\xff\xd8\xff"),
    Unread("a program", (".exe", ".dll", ".so"), "nothing: give the data it works on", b"\x7fELF"),
)


def is_unread(head: Head) -> bool:
    """Whether a file is of a known form that is not read, by its beginning or its ending."""
    return _found(head) is not None


def is_posing(head: Head) -> bool:
    """Whether a file is of a form that is not read and could be taken for one that is."""
    found = _found(head)
    return found is not None and found.posing


def _found(head: Head) -> Unread | None:
    found = next((one for one in UNREAD if one.magic and _begins(head.bytes[one.at :], one.magic)), None)
    return found or next((one for one in UNREAD if head.suffix in one.suffixes), None)


def _begins(data: bytes, magic: bytes) -> bool:
    """Markup may begin after blanks, and in capitals, as Pajek's first word may."""
    return (data.lstrip().lower() if magic[:1] in (b"<", b"*") else data).startswith(magic)


def refuse(given: Given, head: Head, readable: str) -> Exception:
    """The error for a file that no form recognises."""
    if found := _found(head):
        return given.wrong(f"is {found.title}", expected=readable, remedy=f"Convert it with: {found.convert}")
    return given.wrong(
        f"begins with bytes of no known form ({head.bytes[:8]!r})",
        expected=readable,
        remedy="Export it from the program that wrote it, as CSV or Parquet.",
    )
