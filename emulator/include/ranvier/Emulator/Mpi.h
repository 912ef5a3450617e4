//===- Mpi.h - Ranks that are processes under MPI ---------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RANVIER_EMULATOR_MPI_H
#define RANVIER_EMULATOR_MPI_H

#include "ranvier/Emulator/Transport.h"

namespace ranvier::emu {

/// How many processes a launcher started this one among, by what it left in the environment; 1 without one. Needs no MPI.
unsigned launchedRanks();
/// Which of them this is.
unsigned launchedRank();

/// Joins the others, once in a process. MPI ends the whole job if a rank dies or a call fails. The last to be destroyed leaves MPI
/// in order. Errors: RNV7018 (this build has no MPI, or MPI cannot start).
Result<std::shared_ptr<Transport>> joinMpi();

/// Ends all ranks at once, this one included, with an exit code other than 0: for a failure that the others cannot hear of
/// otherwise.
[[noreturn]] void abortRanks(int exitCode);

} // namespace ranvier::emu

#endif
