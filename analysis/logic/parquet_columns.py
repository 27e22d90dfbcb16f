"""Columns of Parquet files read straight into NumPy, for runs without a row filter.

Text arrives dictionary-coded as it lies in the file, so that counting categories never hashes a row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.contracts import Storage

#: A whole-number column spanning at most this many values is coded by subtraction.
MAX_SPAN = 4_096


class ParquetColumns:
    """Schema, statistics and batches of one or more files with equal columns."""

    def __init__(self, paths: Sequence[str]) -> None:
        """Raises FileNotFoundError when the first file is gone."""
        self.paths = list(paths)
        self.schema: pa.Schema = pq.read_schema(self.paths[0])

    @cached_property
    def _metadata(self) -> list[Any]:
        return [pq.read_metadata(path) for path in self.paths]

    @cached_property
    def rows(self) -> int:
        return sum(m.num_rows for m in self._metadata)

    def readable(self, name: str, storage: Storage) -> bool:
        """Whether `batches` gives this column in a type the callers know."""
        kind = self.schema.field(name).type
        if storage is Storage.TEXT:
            return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
        if storage is Storage.BOOLEAN:
            return bool(pa.types.is_boolean(kind))
        if storage is Storage.INTEGER:
            return bool(pa.types.is_integer(kind)) and kind != pa.uint64()
        return storage is Storage.REAL and bool(pa.types.is_float32(kind) or pa.types.is_float64(kind))

    def range(self, name: str) -> tuple[float, float] | None:
        """(lowest, highest) by the statistics of all row groups; None when they do not tell."""
        position = self.schema.get_field_index(name)
        low, high = math.inf, -math.inf
        for metadata in self._metadata:
            for group in range(metadata.num_row_groups):
                column = metadata.row_group(group).column(position)
                statistics = column.statistics
                if statistics is None or not statistics.has_min_max:
                    if statistics is not None and statistics.null_count == metadata.row_group(group).num_rows:
                        continue
                    return None
                low, high = min(low, statistics.min), max(high, statistics.max)
        return (low, high) if low <= high else None

    def batches(self, names: Sequence[str], texts: Sequence[str], rows: int) -> Iterator[tuple[int, Any]]:
        """(first row number in its file, record batch) with columns in order of `names`; texts dictionary-coded."""
        for path in self.paths:
            with pq.ParquetFile(path, read_dictionary=list(texts), memory_map=True) as file:
                first = 0
                for batch in file.iter_batches(batch_size=rows, columns=list(names)):
                    ordered = batch if batch.schema.names == list(names) else batch.select(list(names))
                    yield first, ordered
                    first += batch.num_rows


def numbers_of(array: Any, missing: Sequence[Any]) -> npt.NDArray[np.float64]:
    """Values of an integer, real or boolean array as float64 with NaN for null, non-finite and missing codes."""
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    values = array.to_numpy(zero_copy_only=False)
    result: npt.NDArray[np.float64] = values.astype(np.float64, copy=False)
    if missing:
        result = np.where(np.isin(result, np.asarray(missing, dtype=np.float64)), np.nan, result)
    return result


class Coder:
    """Codes of one categorical column, built batch by batch: 0 is missing, 1.. are `values` in provisional order."""

    def __init__(self, storage: Storage, low: int, size: int, missing: Sequence[Any], limit: int) -> None:
        """low, size: of a whole-number or boolean column. limit: categories of text given up far above it."""
        self.storage = storage
        self.limit = limit
        self.missing = set(missing)
        self._low = low
        self._kind = np.uint8 if storage is not Storage.TEXT and size < 255 else np.uint16
        self._texts: list[Any] = []
        self._known: dict[Any, int] = {}
        self._size = size

    @property
    def values(self) -> list[Any]:
        """The stored value of code 1, 2, ...; whole numbers that never occur included."""
        if self.storage is Storage.TEXT:
            return self._texts
        if self.storage is Storage.BOOLEAN:
            return [False, True]
        return list(range(self._low, self._low + self._size))

    def code(self, array: Any) -> npt.NDArray[np.unsignedinteger] | None:
        """Provisional codes of a batch; None when there are too many different texts."""
        if self.storage is Storage.TEXT:
            return self._code_texts(array)
        if self.storage is Storage.BOOLEAN:
            array = array.cast(pa.int8())
        if array.null_count or array.type != pa.int64():
            array = array.cast(pa.int64()).fill_null(self._low - 1)
        values = array.to_numpy(zero_copy_only=False)
        codes: npt.NDArray[np.unsignedinteger] = (values - (self._low - 1)).astype(self._kind)
        for code in self.missing:
            codes[codes == int(code) - self._low + 1] = 0
        return codes

    def _code_texts(self, array: Any) -> npt.NDArray[np.unsignedinteger] | None:
        if not pa.types.is_dictionary(array.type):
            array = array.dictionary_encode()
        if len(array.dictionary) > 4 * self.limit + 1_000:
            return None
        lookup = np.zeros(len(array.dictionary) + 1, dtype=np.uint16)  # the last entry stands for null
        for i, text in enumerate(array.dictionary.to_pylist()):
            if text is None or text in self.missing:
                continue
            at = self._known.get(text)
            if at is None:
                self._texts.append(text)
                at = self._known[text] = len(self._texts)
            lookup[i] = at
        if len(self._texts) > 60_000:
            return None
        indices = array.indices
        raw = (indices.fill_null(-1) if indices.null_count else indices).to_numpy(zero_copy_only=False)
        return lookup.astype(np.uint8)[raw] if len(self._texts) < 255 else lookup[raw]
