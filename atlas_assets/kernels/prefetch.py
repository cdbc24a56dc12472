"""A hint to the processor that memory will be read soon, for loops whose next addresses are known but scattered."""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

_READ, _KEEP, _DATA = 0, 3, 1  # arguments of llvm.prefetch: for reading, into all caches, data rather than code


@intrinsic
def prefetch(typing_context, array, index):
    """``prefetch(array, index)``: start to load ``array[index]`` (index int64, in range). Changes no result."""

    def generate(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), cgutils.voidptr_t)
        int32 = ir.IntType(32)
        function_type = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, int32, int32, int32])
        function = cgutils.get_or_insert_function(builder.module, function_type, "llvm.prefetch.p0")
        builder.call(function, [address, int32(_READ), int32(_KEEP), int32(_DATA)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate
