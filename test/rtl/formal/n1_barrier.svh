  // SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
  // n1_barrier ends a step once, when everything that was sent has been retired, and not later. Cores and, last, the host are any
  // senders that keep to the contract of the barrier: a packet goes out only while its sender has not said that it is done, its credits
  // are given in the cycle after, and come back no earlier than in the cycle after that. f_live is what is really under way.
  (* anyseq *) logic [(NODES+1)*CB-1:0] f_inject;  // Destinations of the packets that leave their senders in this cycle.
  logic f_past = 1'b0;
  logic [(NODES+1)*CB-1:0] f_given;  // Those of the cycle before.
  logic [WB:0] f_live;       // Packets' copies that are under way.
  logic [WB:0] f_injected, f_giving, f_returning;
  logic [31:0] f_starts;     // Steps that have been started, or what the host has set.
  logic [31:0] f_age;        // Cycles since the start.
  logic [1:0] f_late;        // The same, 3 for all beyond 2.
  logic [NODES:0] f_done;    // Senders that are done.
  logic [NODES:0] f_was_done;
  logic f_was_idle, f_was_start, f_was_over, f_over;
  logic f_had_two, f_second;
  assign f_done = {host_idle_i, sent_i};
  assign f_over = in_done_i && (&f_done) && f_live == 0;
  always_comb begin
    f_injected = '0;
    f_giving = '0;
    f_returning = '0;
    for (int n = 0; n <= NODES; n++) begin
      f_injected = f_injected + (WB + 1)'(f_inject[n*CB+:CB]);
      f_giving = f_giving + (WB + 1)'(f_given[n*CB+:CB]);
      f_returning = f_returning + (WB + 1)'(returned_i[n]);
    end
  end

  always_ff @(posedge clk_i) begin
    f_past <= 1'b1;
    f_given <= f_inject;
    f_live <= f_live + f_injected - f_returning;
    f_was_done <= f_done;
    f_was_idle <= idle_o;
    f_was_start <= start_o;
    f_was_over <= f_over;
    if (start_o) begin
      f_starts <= f_starts + 32'd1;
      f_age <= 32'd1;
      f_late <= 2'd1;
      f_second <= f_had_two;
    end else begin
      if (idle_o && step_we_i) f_starts <= step_i;
      f_age <= f_age + 32'd1;
      if (f_late != 2'd3) f_late <= f_late + 2'd1;
    end
    if (f_live > 1) f_had_two <= 1'b1;
    if (rst_i) begin
      f_given <= '0;
      f_live <= '0;
      f_starts <= '0;
      f_age <= '0;
      f_late <= 2'd3;
      f_was_idle <= 1'b1;
      f_was_start <= 1'b0;
      f_had_two <= 1'b0;
      f_second <= 1'b0;
    end
  end

  always_comb begin
    if (!f_past) assume (rst_i);
    else begin
      // The contract. The second cycle of a step is the first in which cores show that they have begun; from then on who is done stays so.
      assume (given_i == f_given);
      for (int n = 0; n <= NODES; n++) if (f_done[n]) assume (f_inject[n*CB+:CB] == '0);
      if (idle_o) assume (&f_done);
      else if (f_late == 2'd3) assume ((f_was_done & ~f_done) == '0);
      assume (f_returning + f_giving <= f_live);
      assume (f_live + f_injected < (WB + 1)'(1 << WB));

      // What is counted is what is under way and has been given.
      assert ({1'b0, flight_q} + f_giving == f_live);
      // Idle: nothing is under way, and a step that ends does so once.
      if (idle_o) assert (f_live == 0);
      if (f_was_start) assert (!idle_o);
      if (f_was_idle && !f_was_start) assert (idle_o);
      assert (start_o == (idle_o && start_i));
      // It ends in the cycle after all is done, neither sooner nor later; cores have a cycle to begin.
      if (!f_was_idle) assert (idle_o == (f_was_over && f_late == 2'd3));
      // A start is a step; its cycles are those from there to here.
      assert (step_o == f_starts);
      assert (f_late != 2'd0);
      assert (state_q == IDLE || state_q == BEGINS || state_q == RUNS);
      if (!idle_o) assert (cycles_q == f_age && (state_q == BEGINS) == (f_late == 2'd1));
      if (!f_was_idle && idle_o) assert (cycles_o == f_age);
      cover (f_second && f_had_two && !f_was_idle && idle_o);
      cover (f_live == 5 && state_q == RUNS && (&f_done) && in_done_i);
    end
  end
